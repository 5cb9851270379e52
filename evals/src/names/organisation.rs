//! Names of organisations as people write them.

mod tables;

use super::dice::Dice;
use super::lexicon::{Language, Lexicon, capital};
use tables::{FIELDS, STEMS, SUBJECTS};

fn suffix(dice: &mut Dice, language: Language) -> &'static str {
    let common: &[&str] =
        &["Inc.", "Inc", "Ltd", "Ltd.", "LLC", "Corp.", "Group", "PLC", "Co.", "Limited"];
    let own: &[&str] = match language {
        Language::English => common,
        Language::German => &["GmbH", "AG", "GmbH & Co. KG", "KG", "e.V.", "UG", "OHG", "SE", "eG"],
        Language::French => {
            &["SA", "SARL", "SAS", "S.A.", "SCI", "SNC", "& Cie", "EURL", "et Fils"]
        }
        Language::Spanish => {
            &["S.A.", "S.L.", "SL", "SA", "S.A. de C.V.", "e Hijos", "S.L.U.", "y Cía."]
        }
    };
    let others: &[&str] =
        &["B.V.", "S.p.A.", "AB", "Oy", "A/S", "Sp. z o.o.", "Pty Ltd", "s.r.o.", "NV", "K.K."];
    match dice.below(10) {
        0..7 => dice.word(own),
        7..9 => dice.word(common),
        _ => dice.word(others),
    }
}

fn brand(lexicon: &Lexicon, dice: &mut Dice) -> String {
    match dice.below(9) {
        0 => format!("{}{}", dice.word(&STEMS), dice.word(&FIELDS).to_lowercase()),
        1 => format!(
            "{}{}",
            dice.word(&STEMS),
            dice.word(&["tech", "soft", "corp", "ware", "net", "works", "gen"])
        ),
        2 => {
            let count = dice.between(3, 4);
            dice.letters(count)
        }
        3 => lexicon.surname(dice, Language::English),
        4 => format!("{} {}", dice.word(&STEMS), dice.word(&STEMS)),
        5 | 6 => lexicon.heading(dice, Language::English),
        7 => format!("{} {}", dice.word(&STEMS), lexicon.heading(dice, Language::English)),
        _ => capital(dice.word(&STEMS)),
    }
}

/// An organisation, named so that it could be told.
pub(super) fn name(lexicon: &Lexicon, dice: &mut Dice, language: Language) -> String {
    let surname = lexicon.surname(dice, language);
    let other = lexicon.surname(dice, language);
    let ending = suffix(dice, language);
    match dice.below(100) {
        0..20 => format!("{surname} {ending}"),
        20..38 => format!("{} {ending}", brand(lexicon, dice)),
        38..52 => format!("{} {}", brand(lexicon, dice), dice.word(&FIELDS)),
        52..60 => format!("{} {} {ending}", brand(lexicon, dice), dice.word(&FIELDS)),
        60..66 => joined(dice, language, &surname, &other),
        66..70 => format!("{surname}, {other} and {}", lexicon.surname(dice, language)),
        70..74 => format!("{surname}-{other}"),
        74..78 => format!(
            "{surname} {} {ending}",
            dice.word(&["Brothers", "& Sons", "Group", "Bau", "Transport"])
        ),
        _ => institution(lexicon, dice, language),
    }
}

fn joined(dice: &mut Dice, language: Language, one: &str, other: &str) -> String {
    let and = match language {
        Language::English => dice.word(&["&", "and", "&"]),
        Language::German => dice.word(&["&", "und"]),
        Language::French => dice.word(&["&", "et"]),
        Language::Spanish => dice.word(&["&", "y"]),
    };
    format!("{one} {and} {other}")
}

fn institution(lexicon: &Lexicon, dice: &mut Dice, language: Language) -> String {
    let city = lexicon.city(dice);
    let subject = if dice.percent(50) {
        dice.word(&SUBJECTS).to_owned()
    } else {
        lexicon.heading(dice, Language::English)
    };
    let forms: &[&str] = match language {
        Language::English => &[
            "University of #",
            "# University",
            "Bank of #",
            "# General Hospital",
            "Ministry of @",
            "Department of @",
            "# City Council",
            "First National Bank of #",
            "# Police Department",
            "# Institute of Technology",
            "St. Mary's Hospital #",
            "# Chamber of Commerce",
            "# High School",
            "Royal Society of @",
            "# Museum of Art",
            "# Football Club",
            "Center for @",
            "Office of @",
        ],
        Language::German => &[
            "Universität #",
            "Technische Universität #",
            "Stadtwerke #",
            "Sparkasse #",
            "Klinikum #",
            "Volksbank # eG",
            "Amtsgericht #",
            "Finanzamt #",
            "Hochschule #",
            "TSV #",
            "Stadt #",
            "Bundesamt für Verkehr",
            "Universitätsklinikum #",
            "Landratsamt #",
            "Handwerkskammer #",
        ],
        Language::French => &[
            "Université de #",
            "Mairie de #",
            "Hôpital de #",
            "Banque de #",
            "Lycée de #",
            "CHU de #",
            "Crédit Municipal de #",
            "Préfecture de #",
            "Ministère de la Santé",
            "École de #",
            "Tribunal de #",
            "Caisse régionale de #",
            "Clinique Saint-Martin",
            "Théâtre de #",
        ],
        Language::Spanish => &[
            "Universidad de #",
            "Ayuntamiento de #",
            "Hospital de #",
            "Banco de #",
            "Caja de Ahorros de #",
            "Ministerio de Salud",
            "Colegio de #",
            "Clínica de #",
            "Juzgado de #",
            "Cámara de Comercio de #",
            "Instituto de #",
            "Fundación de #",
            "Universidad Autónoma de #",
            "Puerto de #",
        ],
    };
    dice.word(forms).replace('#', &city).replace('@', &subject)
}
