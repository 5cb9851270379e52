//! Postal addresses as people write them, in the manner of many countries.

mod tables;

use super::dice::Dice;
use super::lexicon::{Language, Lexicon};
use tables::{
    DUTCH_ENDS, FRENCH, FRENCH_WAYS, GERMAN, GERMAN_ENDS, NORDIC_ENDS, SPANISH, SPANISH_WAYS,
    STATES, STREET_NAMES, STREETS,
};

/// In whose manner an address is written.
#[derive(Clone, Copy)]
enum Manner {
    American,
    British,
    German,
    French,
    Spanish,
    Italian,
    Dutch,
    Nordic,
    Polish,
    Loose,
}

fn manner(dice: &mut Dice, language: Language) -> Manner {
    let own: &[Manner] = match language {
        Language::English => &[Manner::American, Manner::American, Manner::British],
        Language::German => &[Manner::German],
        Language::French => &[Manner::French],
        Language::Spanish => &[Manner::Spanish],
    };
    let any = [
        Manner::American,
        Manner::British,
        Manner::German,
        Manner::French,
        Manner::Spanish,
        Manner::Italian,
        Manner::Dutch,
        Manner::Nordic,
        Manner::Polish,
        Manner::Loose,
        Manner::Loose,
    ];
    if dice.percent(68) { *dice.pick(own) } else { *dice.pick(&any) }
}

/// Lines of one address, without the country.
struct Lines {
    street: String,
    town: String,
}

/// A whole address, on one line or on several.
pub(super) fn full(
    lexicon: &Lexicon,
    dice: &mut Dice,
    language: Language,
    one_line: bool,
) -> String {
    let lines = lines(lexicon, dice, language);
    let glue = match dice.below(100) {
        _ if one_line => ", ",
        0..40 => ", ",
        40..72 => "\n",
        72..80 => ",\n",
        80..88 => " ",
        88..93 => "\n ",
        _ => " - ",
    };
    let country = dice.percent(22).then(|| *dice.pick(&lexicon.countries));
    let mut parts = vec![lines.street];
    if dice.percent(90) {
        parts.push(lines.town);
    }
    parts.extend(country.map(str::to_owned));
    parts.join(glue)
}

/// Street and number alone.
pub(super) fn street(lexicon: &Lexicon, dice: &mut Dice, language: Language) -> String {
    lines(lexicon, dice, language).street
}

/// Postcode and town.
pub(super) fn town(lexicon: &Lexicon, dice: &mut Dice, language: Language) -> String {
    lines(lexicon, dice, language).town
}

fn lines(lexicon: &Lexicon, dice: &mut Dice, language: Language) -> Lines {
    let city = town_name(lexicon, dice);
    let most = *dice.pick(&[20, 99, 300, 9999]);
    let number = number(dice, most);
    match manner(dice, language) {
        Manner::American => american(lexicon, dice, &city),
        Manner::British => british(lexicon, dice, &city),
        Manner::German => {
            let street = format!("{} {number}", german_street(lexicon, dice));
            let code = dice.between(4, 5);
            Lines {
                street,
                town: format!(
                    "{}{} {city}",
                    dice.word(&["", "", "", "D-", "A-"]),
                    dice.digits(code)
                ),
            }
        }
        Manner::French => {
            let way = french_street(lexicon, dice);
            let comma = dice.word(&[",", "", ""]);
            let street =
                format!("{number}{}{comma} {way}", dice.word(&["", "", "", " bis", " ter"]));
            Lines {
                street,
                town: format!(
                    "{} {city}{}",
                    dice.digits(5),
                    dice.word(&["", "", "", " CEDEX", " Cedex 2"])
                ),
            }
        }
        Manner::Spanish => spanish(lexicon, dice, &city, &number),
        Manner::Italian => {
            let way = dice.word(&["Via", "via", "Viale", "Piazza", "Corso", "Vicolo", "Largo"]);
            let street =
                format!("{way} {}{} {number}", any_name(lexicon, dice), dice.word(&["", ","]));
            Lines {
                street,
                town: format!(
                    "{} {city}{}",
                    dice.digits(5),
                    dice.word(&["", " (MI)", " (RM)", " (BA)", " (TO)"])
                ),
            }
        }
        Manner::Dutch => {
            let end = dice.word(&DUTCH_ENDS);
            let gap = if dice.percent(80) { "" } else { " " };
            let street = format!("{}{gap}{end} {number}", any_name(lexicon, dice));
            let code = format!("{} {}", dice.digits(4), dice.letters(2));
            Lines {
                street,
                town: format!("{} {city}", if dice.percent(70) { code } else { dice.digits(4) }),
            }
        }
        Manner::Nordic => {
            let street = format!("{}{} {number}", any_name(lexicon, dice), dice.word(&NORDIC_ENDS));
            let code = dice.between(4, 5);
            Lines { street, town: format!("{} {city}", dice.digits(code)) }
        }
        Manner::Polish => {
            let street = format!(
                "{} {} {number}",
                dice.word(&["ul.", "al.", "pl.", "ulica"]),
                any_name(lexicon, dice)
            );
            Lines { street, town: format!("{}-{} {city}", dice.digits(2), dice.digits(3)) }
        }
        Manner::Loose => loose(lexicon, dice, &city),
    }
}

fn american(lexicon: &Lexicon, dice: &mut Dice, city: &str) -> Lines {
    let most = *dice.pick(&[99, 999, 9999, 99_999]);
    let number = dice.between(1, most);
    let mut street = match dice.below(20) {
        0 => format!("P.O. Box {number}"),
        1 => format!("PO Box {number}"),
        2 => format!(
            "{number} {} {} {}",
            dice.word(&["N", "S", "E", "W", "North", "SW", "NE"]),
            ordinal(dice),
            dice.word(&STREETS)
        ),
        3 => format!("{number} {} {}", ordinal(dice), dice.word(&STREETS)),
        4 => format!(
            "{number} {} {} {}",
            dice.word(&["N.", "S", "E", "West", "North"]),
            english_name(lexicon, dice),
            dice.word(&STREETS)
        ),
        _ => format!("{number} {} {}", english_name(lexicon, dice), dice.word(&STREETS)),
    };
    if dice.percent(30) {
        let unit = dice.word(&[
            "Apt",
            "Apt.",
            "Suite",
            "Unit",
            "Ste",
            "#",
            "Floor",
            "Room",
            "Apartment",
            "Bldg",
        ]);
        let glue = dice.word(&[", ", " ", "\n", ", "]);
        let code = dice.word(&["", "", "B", "A"]);
        street = format!("{street}{glue}{unit} {}{code}", dice.between(1, 999));
    }
    let state = if dice.percent(80) { dice.word(&STATES) } else { dice.pick(&lexicon.regions) };
    let zip = if dice.percent(80) {
        dice.digits(5)
    } else {
        format!("{}-{}", dice.digits(5), dice.digits(4))
    };
    let town = match dice.below(20) {
        0..12 => format!("{city}, {state} {zip}"),
        12..14 => format!("{city} {state} {zip}"),
        14..16 => format!("{city}, {state}"),
        16 => format!("{city} {zip}"),
        17 => format!("{city}, {state}, {zip}"),
        18 => format!("{city}\n{state} {zip}"),
        _ => city.to_owned(),
    };
    Lines { street, town }
}

fn british(lexicon: &Lexicon, dice: &mut Dice, city: &str) -> Lines {
    let way =
        format!("{} {} {}", number(dice, 200), english_name(lexicon, dice), dice.word(&STREETS));
    let street = match dice.below(6) {
        0 => format!("Flat {}, {way}", dice.between(1, 40)),
        1 => format!("{} House, {way}", any_name(lexicon, dice)),
        2 => format!(
            "The Old {}, {} {}",
            dice.word(&["Rectory", "Mill", "Bakery", "Forge", "School"]),
            english_name(lexicon, dice),
            dice.word(&STREETS)
        ),
        _ => way,
    };
    let area = dice.between(1, 2);
    let code = format!(
        "{}{}{} {}{}",
        dice.letters(area),
        dice.between(1, 29),
        dice.word(&["", "", "", "A", "W"]),
        dice.below(10),
        dice.letters(2)
    );
    let town = match dice.below(4) {
        0 => format!("{city}, {}, {code}", dice.pick(&lexicon.regions)),
        1 => format!("{city}\n{code}"),
        _ => format!("{city} {code}"),
    };
    Lines { street, town }
}

fn german_street(lexicon: &Lexicon, dice: &mut Dice) -> String {
    match dice.below(10) {
        0 => format!(
            "{} {}",
            dice.word(&["Am", "An der", "Im", "Zum", "Auf der"]),
            dice.word(&["Markt", "Mühle", "Winkel", "Rathaus", "Bach", "Hang", "Kirche"])
        ),
        1 => format!(
            "{}-{}-{}",
            any_name(lexicon, dice),
            any_name(lexicon, dice),
            dice.word(&["Straße", "Str.", "Weg", "Platz", "Allee"])
        ),
        2 => format!(
            "{}er {}",
            any_name(lexicon, dice),
            dice.word(&["Straße", "Str.", "Weg", "Platz", "Landstraße"])
        ),
        3..5 => format!("{}{}", any_name(lexicon, dice), dice.word(&GERMAN_ENDS)),
        _ => format!("{}{}", dice.word(&GERMAN), dice.word(&GERMAN_ENDS)),
    }
}

fn french_street(lexicon: &Lexicon, dice: &mut Dice) -> String {
    let way = dice.word(&FRENCH_WAYS);
    match dice.below(3) {
        0 => format!(
            "{way} {} {}",
            lexicon.given(dice, Language::French),
            lexicon.surname(dice, Language::French)
        ),
        1 => format!("{way} {}{}", dice.word(&["de ", "du ", "", ""]), any_name(lexicon, dice)),
        _ => format!("{way} {}", dice.word(&FRENCH)),
    }
}

fn spanish(lexicon: &Lexicon, dice: &mut Dice, city: &str, number: &str) -> Lines {
    let name =
        if dice.percent(50) { dice.word(&SPANISH).to_owned() } else { any_name(lexicon, dice) };
    let comma = dice.word(&[", ", " ", ", nº ", " #", ", "]);
    let mut street = format!("{} {name}{comma}{number}", dice.word(&SPANISH_WAYS));
    if dice.percent(30) {
        let flat = dice.word(&["º B", "º A", "º izq.", "ª planta", "º dcha", "º 2ª"]);
        street = format!("{street}, {}{flat}", dice.between(1, 9));
    }
    let end = if dice.percent(20) {
        format!(" ({})", dice.pick(&lexicon.regions))
    } else {
        String::new()
    };
    Lines { street, town: format!("{} {city}{end}", dice.digits(5)) }
}

/// As a form filled in by somebody in a hurry gives it: parts in any order and of any country.
fn loose(lexicon: &Lexicon, dice: &mut Dice, city: &str) -> Lines {
    let number = number(dice, 9999);
    let name = any_name(lexicon, dice);
    let other = any_name(lexicon, dice);
    let street = match dice.below(8) {
        0 => format!("{number} {name} {other}"),
        1 => format!("{name} {number}"),
        2 => format!("{number} {name}"),
        3 => {
            format!("{}-{}-{} {name}", dice.between(1, 9), dice.between(1, 40), dice.between(1, 40))
        }
        4 => format!(
            "{} {name} {}, {number}",
            dice.word(&["Rua", "Travessa", "Strada", "Bulevardul", "Jalan", "Calea"]),
            other
        ),
        5 => format!(
            "{name} {} {number}",
            dice.word(&["utca", "út", "tér", "ulica", "Sokak", "Cd.", "nam."])
        ),
        6 => format!(
            "House {number}, {name} {}",
            dice.word(&["Nagar", "Colony", "Estate", "Town", "Block", "Sector 4"])
        ),
        _ => format!("{number} {name} {other} {}", dice.between(1, 200)),
    };
    let long = dice.between(3, 6);
    let code = dice.digits(long);
    let town = match dice.below(4) {
        0 => format!("{city} {code}"),
        1 => format!("{code} {city}"),
        2 => format!("{city}, {}\n {code}", dice.word(&STATES)),
        _ => city.to_owned(),
    };
    Lines { street, town }
}

/// A house number.
fn number(dice: &mut Dice, most: usize) -> String {
    let number = dice.between(1, most);
    match dice.below(12) {
        0 => format!("{number}{}", dice.word(&["a", "b", "A", "c"])),
        1 => format!("{number}-{}", number + 2),
        2 if most < 400 => format!("{number}/{}", dice.between(1, 30)),
        _ => number.to_string(),
    }
}

fn ordinal(dice: &mut Dice) -> String {
    let number = dice.between(1, 150);
    let end = match (number % 10, number / 10 % 10) {
        (_, 1) => "th",
        (1, _) => "st",
        (2, _) => "nd",
        (3, _) => "rd",
        _ => "th",
    };
    format!("{number}{end}")
}

fn english_name(lexicon: &Lexicon, dice: &mut Dice) -> String {
    if dice.percent(50) { dice.word(&STREET_NAMES).to_owned() } else { any_name(lexicon, dice) }
}

fn any_name(lexicon: &Lexicon, dice: &mut Dice) -> String {
    let language = *dice.pick(&Language::ALL);
    if dice.percent(70) { lexicon.surname(dice, language) } else { lexicon.given(dice, language) }
}

fn town_name(lexicon: &Lexicon, dice: &mut Dice) -> String {
    let name = any_name(lexicon, dice);
    match dice.below(40) {
        0 => format!(
            "{name}{}",
            dice.word(&["ton", "ville", "burg", "field", "stadt", "hausen", "dorf", "ford"])
        ),
        1 => format!(
            "{} {name}",
            dice.word(&["New", "Bad", "San", "Santa", "Saint", "Port", "Lake", "Villa", "Fort"])
        ),
        2 => format!(
            "Saint-{name}-{}",
            dice.word(&["sur-Mer", "en-Bresse", "le-Château", "les-Bains"])
        ),
        3 => format!(
            "{name} {}",
            dice.word(&[
                "am See",
                "de la Sierra",
                "upon Avon",
                "Heights",
                "Beach",
                "del Río",
                "di Sopra"
            ])
        ),
        4 => name,
        _ => lexicon.city(dice),
    }
}
