//! National, tax and insurance numbers of Europe.

use super::{filled, identifier};
use crate::detectors::Declaration;
use crate::validators::national::{
    balkans, central_europe as central, north_europe as north, south_europe as south, vat,
    west_europe as west,
};

/// How VAT numbers of some countries look.
const VAT: [&str; 9] = [
    "ATU########",
    "BE0#########",
    "DE#########",
    "DE #########",
    "DK########",
    "ESX#######@",
    "FR###########",
    "IT###########",
    "PL##########",
];

pub(super) const ALL: &[Declaration] = &[
    identifier!(
        gb_nino,
        "British national insurance numbers",
        ["!AA999999A", "AA 99 99 99 A", "AA-99-99-99-A", "!AA 999999 A"],
        west::gb_nino,
        ["nino", "national insurance", "national_insurance", "ni number", "ni no", "ni_number"],
        "HM Revenue & Customs: NIM39110"
    ),
    identifier!(
        gb_nhs,
        "NHS numbers",
        ["!999~999~9999"],
        west::gb_nhs,
        ["nhs", "national health", "chi number"],
        "NHS Data Dictionary: NHS number"
    ),
    identifier!(
        gb_utr,
        "British unique taxpayer references",
        ["!9999999999", "!99999 99999"],
        west::gb_utr,
        ["utr", "unique taxpayer", "tax reference", "self assessment"],
        "HM Revenue & Customs: unique taxpayer reference"
    ),
    identifier!(
        ie_pps,
        "Irish personal public service numbers",
        ["!9999999A", "!9999999AA"],
        west::ie_pps,
        ["ppsn", "pps", "personal public service", "revenue and social insurance"],
        "Department of Social Protection: PPS number"
    ),
    identifier!(
        fr_nir,
        "French social security numbers",
        [
            "!999999999999999",
            "9 99 99 99 999 999 99",
            "9 99 99 9A 999 999 99",
            "999999A99999999",
            "!9999999999999 99",
            "9-99-99-99-999-999-99",
        ],
        west::fr_nir,
        [
            "nir",
            "sécurité sociale",
            "securite sociale",
            "numéro de sécu",
            "numero de secu",
            "insee",
            "carte vitale",
            "social security",
        ],
        "INSEE: numéro d'inscription au répertoire"
    ),
    identifier!(
        fr_spi,
        "French tax numbers",
        ["!9999999999999", "!99 99 999 999 999"],
        west::fr_spi,
        [
            "spi",
            "numéro fiscal",
            "numero fiscal",
            "référence fiscale",
            "reference fiscale",
            "identifiant fiscal",
            "numéro d'imposition",
        ],
        "Direction générale des Finances publiques: numéro fiscal"
    ),
    identifier!(
        nl_bsn,
        "Dutch citizen service numbers",
        ["!999999999", "!9999.99.999", "!999 999 999", "!9999 99 999"],
        west::nl_bsn,
        ["bsn", "burgerservicenummer", "burger service", "sofinummer", "sofi-nummer"],
        "Rijksdienst voor Identiteitsgegevens: burgerservicenummer"
    ),
    identifier!(
        be_national,
        "Belgian national register numbers",
        ["99.99.99-999.99", "!99999999999", "!999999-999-99", "!99 99 99 999 99"],
        west::be_national,
        [
            "rijksregister",
            "insz",
            "niss",
            "registre national",
            "numéro national",
            "numero national",
            "national register",
            "rrn",
            "bis number",
        ],
        "FPS Home Affairs: national register number"
    ),
    identifier!(
        lu_matricule,
        "Luxembourg's identification numbers",
        ["!9999999999999", "!9999 9999 99999"],
        west::lu_matricule,
        ["matricule", "luxembourg id", "sozialversicherungsnummer", "cns"],
        "CTIE: numéro d'identification national"
    ),
    identifier!(
        de_tax_id,
        "German tax identification numbers",
        ["!99999999999", "!99 999 999 999"],
        west::de_tax_id,
        [
            "steuer-id",
            "steuerid",
            "steuer id",
            "steuer_id",
            "steueridentifikationsnummer",
            "steueridentnummer",
            "identifikationsnummer",
            "idnr",
            "tax id",
            "tax_id",
            "tax identification",
            "steuernummer",
        ],
        "Bundeszentralamt für Steuern: Identifikationsnummer"
    ),
    identifier!(
        de_id_card,
        "German identity cards",
        ["!AXXXXXXXX", "!AXXXXXXXX9"],
        west::de_id_card,
        [
            "personalausweis",
            "ausweisnummer",
            "ausweis-nr",
            "ausweisnr",
            "ausweis nr",
            "identity card",
            "id card",
            "seriennummer des ausweises",
        ],
        "BSI TR-03110; ICAO 9303-5"
    ),
    identifier!(
        de_social_security,
        "German social insurance numbers",
        ["99 999999 A 999", "99999999A999", "99-999999-A-999"],
        west::de_social_security,
        [
            "rentenversicherungsnummer",
            "sozialversicherungsnummer",
            "versicherungsnummer",
            "sv-nummer",
            "svnr",
            "rvnr",
        ],
        "SGB VI section 147; VKVV"
    ),
    identifier!(
        de_health_insurance,
        "German health insurance numbers",
        ["!A999999999"],
        west::de_health_insurance,
        [
            "krankenversichertennummer",
            "kvnr",
            "versichertennummer",
            "krankenversicherung",
            "krankenkasse",
            "health insurance",
            "egk",
        ],
        "GKV-Spitzenverband: Krankenversichertennummer"
    ),
    identifier!(
        at_svnr,
        "Austrian social insurance numbers",
        ["!9999 999999", "!9999999999", "!9999-999999"],
        west::at_svnr,
        [
            "sv-nr",
            "svnr",
            "sv-nummer",
            "sozialversicherungsnummer",
            "sozialversicherung",
            "versicherungsnummer",
            "e-card",
        ],
        "Dachverband der Sozialversicherungsträger"
    ),
    identifier!(
        ch_ahv,
        "Swiss and Liechtenstein's social insurance numbers",
        ["999.9999.9999.99", "!9999999999999", "999 9999 9999 99"],
        west::ch_ahv,
        ["ahv", "avs", "oasi", "sozialversicherungsnummer", "n° avs"],
        "Central Compensation Office: AHV number"
    )
    .make(|seed| filled(&["756.####.####.##", "756##########"], west::ch_ahv, seed)),
    identifier!(
        dk_cpr,
        "Danish personal numbers",
        ["!999999-9999", "!9999999999", "!999999 9999"],
        north::dk_cpr,
        ["cpr", "cpr-nr", "cpr-nummer", "personnummer"],
        "CPR-kontoret: personnummeret"
    )
    .confidence(0.9),
    identifier!(
        se_personnummer,
        "Swedish personal numbers",
        ["!999999-9999", "!99999999-9999", "!999999999999", "!9999999999"],
        north::se_personnummer,
        ["personnummer", "personnr", "person-nr", "samordningsnummer", "swedish personal"],
        "Skatteverket: SKV 704"
    ),
    identifier!(
        no_fodselsnummer,
        "Norwegian birth and D-numbers",
        ["!99999999999", "!999999 99999"],
        north::no_fodselsnummer,
        ["fødselsnummer", "fodselsnummer", "fødselsnr", "fnr", "d-nummer", "personnummer"],
        "Skatteetaten: fødselsnummer"
    ),
    identifier!(
        fi_hetu,
        "Finnish personal codes",
        ["999999-999X", "!999999A999X"],
        north::fi_hetu,
        ["hetu", "henkilötunnus", "henkilotunnus", "personbeteckning"],
        "Digital and Population Data Services Agency: personal identity code"
    ),
    identifier!(
        is_kennitala,
        "Icelandic personal numbers",
        ["!999999-9999", "!9999999999"],
        north::is_kennitala,
        ["kennitala", "kennitölu", "kt"],
        "Registers Iceland: kennitala"
    ),
    identifier!(
        ee_isikukood,
        "Estonian personal codes",
        ["!99999999999"],
        north::baltic,
        ["isikukood", "estonian personal"],
        "EVS 585"
    ),
    identifier!(
        lt_asmens_kodas,
        "Lithuanian personal codes",
        ["!99999999999"],
        north::baltic,
        ["asmens kodas", "asmens kodą", "lithuanian personal"],
        "Registrų centras: asmens kodas"
    ),
    identifier!(
        lv_personas_kods,
        "Latvian personal codes",
        ["!999999-99999", "!99999999999"],
        north::lv_personas_kods,
        ["personas kods", "personas kodu", "latvian personal"],
        "PMLP: personas kods"
    ),
    identifier!(
        pl_pesel,
        "Polish personal numbers",
        ["!99999999999"],
        central::pl_pesel,
        ["pesel"],
        "Ustawa o ewidencji ludności: PESEL"
    ),
    identifier!(
        pl_nip,
        "Polish tax numbers",
        ["999-999-99-99", "999-99-99-999", "!9999999999", "!999 999 99 99"],
        central::pl_nip,
        ["nip", "numer identyfikacji podatkowej"],
        "Krajowa Administracja Skarbowa: NIP"
    ),
    identifier!(
        pl_id_card,
        "Polish identity cards",
        ["!AAA999999", "!AAA 999999"],
        central::pl_id_card,
        ["dowód osobisty", "dowód", "dowod osobisty", "dowodu osobistego", "seria i numer"],
        "Ministerstwo Cyfryzacji: dowód osobisty"
    ),
    identifier!(
        cz_birth_number,
        "Czech and Slovak birth numbers",
        ["999999/9999", "!9999999999", "!999999/999", "!999999 9999"],
        central::cz_birth_number,
        ["rodné číslo", "rodne cislo", "rodného čísla", "rodné", "r.č.", "birth number"],
        "Zákon 133/2000 Sb.; zákon 301/1995 Z. z."
    ),
    identifier!(
        hu_tax,
        "Hungarian tax numbers of persons",
        ["!9999999999"],
        central::hu_tax,
        ["adóazonosító", "adoazonosito", "adószám", "hungarian tax"],
        "NAV: adóazonosító jel"
    ),
    identifier!(
        hu_taj,
        "Hungarian social insurance numbers",
        ["!999999999", "!999 999 999", "!999-999-999"],
        central::hu_taj,
        ["taj", "taj-szám", "taj szám", "társadalombiztosítási"],
        "NEAK: TAJ-szám"
    ),
    identifier!(
        hu_personal,
        "Hungarian personal numbers",
        ["!9-999999-9999", "!99999999999", "!9 999999 9999"],
        central::hu_personal,
        ["személyi szám", "szemelyi szam", "személyi azonosító"],
        "1996. évi XX. törvény"
    ),
    identifier!(
        ru_inn,
        "Russian tax numbers of persons",
        ["!999999999999"],
        central::ru_inn,
        ["инн", "ИНН", "inn"],
        "ФНС России: ИНН"
    ),
    identifier!(
        ru_snils,
        "Russian pension insurance numbers",
        ["999-999-999 99", "!99999999999", "!999-999-999-99"],
        central::ru_snils,
        ["снилс", "СНИЛС", "snils"],
        "Социальный фонд России: СНИЛС"
    ),
    identifier!(
        ru_passport,
        "Russian passports",
        ["!9999 999999", "!99 99 999999", "!9999999999"],
        central::ru_passport,
        ["паспорт", "Паспорт", "ПАСПОРТ", "russian passport"],
        "Постановление 828"
    )
    .confidence(0.8),
    identifier!(
        ua_tax,
        "Ukrainian tax numbers",
        ["!9999999999"],
        central::ua_tax,
        ["іпн", "ІПН", "рнокпп", "РНОКПП", "ідентифікаційний", "rnokpp", "ukrainian tax"],
        "ДПС України: РНОКПП"
    ),
    identifier!(
        kz_iin,
        "Kazakh identification numbers",
        ["!999999999999"],
        central::kz_iin,
        ["иин", "ИИН", "жсн", "ЖСН", "iin"],
        "eGov: ИИН"
    ),
    identifier!(
        ro_cnp,
        "Romanian personal codes",
        ["!9999999999999"],
        balkans::ro_cnp,
        ["cnp", "cod numeric personal", "codul numeric"],
        "OUG 97/2005: CNP"
    ),
    identifier!(
        bg_egn,
        "Bulgarian civil numbers",
        ["!9999999999"],
        balkans::bg_egn,
        ["егн", "ЕГН", "egn", "единен граждански"],
        "ГРАО: ЕГН"
    ),
    identifier!(
        si_emso,
        "Slovenian master numbers",
        ["!9999999999999"],
        balkans::si_emso,
        ["emšo", "EMŠO", "emso"],
        "Zakon o centralnem registru prebivalstva"
    )
    .make(|seed| filled(&["##0#9##5#####", "0#1#9##5#####"], balkans::si_emso, seed)),
    identifier!(
        si_tax,
        "Slovenian tax numbers",
        ["!99999999"],
        balkans::si_tax,
        ["davčna", "davcna", "slovenian tax"],
        "FURS: davčna številka"
    ),
    identifier!(
        rs_jmbg,
        "Serbian master numbers",
        ["!9999999999999"],
        balkans::rs_jmbg,
        ["jmbg", "јмбг", "ЈМБГ", "matični broj", "maticni broj"],
        "Zakon o JMBG, Srbija"
    )
    .make(|seed| filled(&["##0#9##7#####", "0#1#9##7#####"], balkans::rs_jmbg, seed)),
    identifier!(
        ba_jmbg,
        "Bosnian master numbers",
        ["!9999999999999"],
        balkans::ba_jmbg,
        ["jmb", "jmbg", "matični broj", "maticni broj"],
        "Zakon o jedinstvenom matičnom broju, BiH"
    )
    .make(|seed| filled(&["##0#9##1#####", "0#1#9##1#####"], balkans::ba_jmbg, seed)),
    identifier!(
        me_jmbg,
        "Montenegrin master numbers",
        ["!9999999999999"],
        balkans::me_jmbg,
        ["jmbg", "matični broj", "maticni broj"],
        "Zakon o centralnom registru stanovništva"
    )
    .make(|seed| filled(&["##0#9##2#####", "0#1#9##2#####"], balkans::me_jmbg, seed)),
    identifier!(
        mk_embg,
        "Macedonian master numbers",
        ["!9999999999999"],
        balkans::mk_embg,
        ["ембг", "ЕМБГ", "embg", "матичен број"],
        "Закон за матичниот број"
    )
    .make(|seed| filled(&["##0#9##4#####", "0#1#9##4#####"], balkans::mk_embg, seed)),
    identifier!(
        hr_oib,
        "Croatian personal numbers",
        ["!99999999999"],
        balkans::hr_oib,
        ["oib", "osobni identifikacijski"],
        "Porezna uprava: OIB"
    ),
    identifier!(
        es_dni,
        "Spanish identity cards",
        ["!99999999A", "99999999-A", "99.999.999-A", "!99999999 A", "99.999.999 A"],
        south::es_dni,
        ["dni", "documento nacional", "nif", "d.n.i"],
        "Real Decreto 1553/2005"
    ),
    identifier!(
        es_nie,
        "Spanish numbers of foreigners",
        ["A9999999A", "A-9999999-A", "A-9999999A", "A9999999-A"],
        south::es_nie,
        ["nie", "número de identidad de extranjero", "extranjero", "nif"],
        "Real Decreto 557/2011"
    ),
    identifier!(
        es_cif,
        "Spanish tax numbers of organisations",
        ["!A9999999X", "!A-9999999X", "!A-9999999-X"],
        south::es_cif,
        ["cif", "c.i.f"],
        "Orden EHA/451/2008"
    ),
    identifier!(
        pt_nif,
        "Portuguese tax numbers",
        ["!999999999", "!999 999 999"],
        south::pt_nif,
        [
            "contribuinte",
            "nif",
            "identificação fiscal",
            "identificacao fiscal",
            "número fiscal",
            "numero fiscal",
        ],
        "Autoridade Tributária: NIF"
    ),
    identifier!(
        it_codice_fiscale,
        "Italian tax codes",
        ["AAAAAAXXAXXAXXXA", "AAA AAA XXAXX AXXXA"],
        south::it_codice_fiscale,
        ["codice fiscale", "codice_fiscale", "cod. fisc", "c.f."],
        "DM 23 dicembre 1976"
    ),
    identifier!(
        it_partita_iva,
        "Italian VAT numbers",
        ["!99999999999"],
        south::it_partita_iva,
        ["partita iva", "partita_iva", "p.iva", "p. iva", "piva"],
        "Agenzia delle Entrate: partita IVA"
    ),
    identifier!(
        gr_afm,
        "Greek tax numbers",
        ["!999999999"],
        south::gr_afm,
        ["αφμ", "ΑΦΜ", "Α.Φ.Μ", "afm"],
        "ΑΑΔΕ: ΑΦΜ"
    ),
    identifier!(
        gr_amka,
        "Greek social insurance numbers",
        ["!99999999999"],
        south::gr_amka,
        ["αμκα", "ΑΜΚΑ", "Α.Μ.Κ.Α", "amka"],
        "ΗΔΙΚΑ: ΑΜΚΑ"
    ),
    identifier!(
        cy_tin,
        "Cypriot tax codes",
        ["!99999999A"],
        south::cy_tin,
        ["cyprus tax", "cypriot tax", "τικ", "ΤΙΚ", "tax identification code"],
        "Cyprus Tax Department: TIC"
    ),
    identifier!(
        mt_id,
        "Maltese identity cards",
        ["!9999999A"],
        south::mt_id,
        ["karta tal-identità", "maltese id", "malta id", "identity card"],
        "Identità Malta"
    )
    .confidence(0.8),
    identifier!(
        eu_vat,
        "VAT numbers of the European Union",
        [
            "AAA99999999",
            "AA9999999999",
            "AA99999999A",
            "AA999999999",
            "AA99999999",
            "AAX9999999X",
            "AA99999999999",
            "AA9999999A",
            "AA9999999AA",
            "AA999999999A99",
            "AA999999999999",
            "AA 999999999",
            "AA 99999999999",
            "AA 9999999999",
        ],
        vat::eu_vat,
        [
            "vat",
            "ust-id",
            "ustid",
            "ust-idnr",
            "umsatzsteuer",
            "tva",
            "btw",
            "iva",
            "moms",
            "alv",
            "dph",
            "áfa",
            "pvn",
            "pvm",
        ],
        "Directive 2006/112/EC, article 214; VIES"
    )
    .company()
    .make(|seed| filled(&VAT, vat::eu_vat, seed)),
];
