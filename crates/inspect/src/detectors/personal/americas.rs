//! National, tax and insurance numbers of the Americas.

use super::{filled, identifier};
use crate::detectors::Declaration;
use crate::validators::national::americas::*;
use crate::validators::{is_filler, number};

pub(super) const ALL: &[Declaration] = &[
    identifier!(
        us_ssn,
        "US social security numbers",
        ["999-99-9999", "!999 99 9999", "!999999999", "!999.99.9999"],
        us_ssn,
        [
            "ssn",
            "social security",
            "social-security",
            "social_security",
            "socialsecurity",
            "soc sec",
            "soc. sec",
        ],
        "Social Security Administration: number randomization"
    )
    .confidence(0.8),
    identifier!(
        us_itin,
        "US individual taxpayer numbers",
        ["999-99-9999", "!999999999", "!999 99 9999"],
        us_itin,
        ["itin", "individual taxpayer", "taxpayer identification", "tax id", "tax_id"],
        "IRS: Internal Revenue Manual 3.21.263"
    ),
    identifier!(
        us_ein,
        "US employer numbers",
        ["!99-9999999"],
        us_ein,
        [
            "ein",
            "employer identification",
            "employer id",
            "fein",
            "federal tax",
            "tax id",
            "tax_id"
        ],
        "IRS: employer identification numbers"
    )
    .confidence(0.8),
    identifier!(
        us_npi,
        "US health care providers",
        ["!9999999999"],
        us_npi,
        ["npi", "national provider", "provider id"],
        "45 CFR 162.406; CMS: NPI check digit"
    ),
    identifier!(
        us_mbi,
        "US Medicare beneficiaries",
        ["!9AX9AX9AA99", "9AX9-AX9-AA99"],
        us_mbi,
        ["mbi", "medicare", "beneficiary"],
        "CMS: Medicare beneficiary identifier"
    ),
    identifier!(
        us_dea,
        "US registrations to prescribe",
        ["!AA9999999"],
        us_dea,
        ["dea", "prescriber"],
        "21 CFR 1301"
    ),
    identifier!(
        ca_sin,
        "Canadian social insurance numbers",
        ["!999~999~999"],
        ca_sin,
        ["social insurance", "sin", "assurance sociale", "nas", "sin number"],
        "Employment and Social Development Canada: SIN"
    ),
    identifier!(
        br_cpf,
        "Brazilian taxpayers",
        ["999.999.999-99", "!99999999999", "!999999999-99"],
        br_cpf,
        ["cpf", "cadastro de pessoas", "contribuinte"],
        "Receita Federal: CPF"
    ),
    identifier!(
        br_cnpj,
        "Brazilian legal entities",
        ["99.999.999/9999-99", "!99999999999999"],
        br_cnpj,
        ["cnpj", "cadastro nacional"],
        "Receita Federal: CNPJ"
    )
    .company(),
    identifier!(
        ar_cuit,
        "Argentine tax and labour numbers",
        ["99-99999999-9", "!99999999999"],
        ar_cuit,
        ["cuit", "cuil", "c.u.i.t", "c.u.i.l"],
        "AFIP: CUIT"
    ),
    identifier!(
        ar_dni,
        "Argentine identity cards",
        ["!99.999.999", "!99999999"],
        |code| number(code, 0, 8) > 3_000_000,
        ["documento nacional de identidad", "dni argentino", "dni"],
        "Ley 17.671"
    )
    .confidence(0.7),
    identifier!(
        cl_rut,
        "Chilean tax numbers",
        ["99.999.999-X", "9.999.999-X", "!99999999-X", "!9999999-X", "!99999999X"],
        cl_rut,
        ["rut", "r.u.t", "rol único", "rol unico", "cédula de identidad", "cedula de identidad"],
        "SII: rol único tributario"
    ),
    identifier!(
        mx_curp,
        "Mexican population register",
        ["AAAA999999AAAAAAX9"],
        mx_curp,
        ["curp", "clave única", "clave unica"],
        "RENAPO: instructivo normativo CURP"
    )
    .make(|seed| filled(&["@@@@##0###HDF@@@##", "@@@@##1###MJC@@@##"], mx_curp, seed)),
    identifier!(
        mx_rfc,
        "Mexican taxpayers",
        ["AAAA999999XXX", "!AAA999999XXX", "AAAA-999999-XXX", "AAAA 999999 XXX"],
        mx_rfc,
        ["rfc", "r.f.c", "registro federal"],
        "SAT: RFC"
    ),
    identifier!(
        co_nit,
        "Colombian tax numbers",
        ["999.999.999-9", "!999999999-9", "!9999999999"],
        co_nit,
        ["nit", "n.i.t", "rut colombia"],
        "DIAN: NIT"
    ),
    identifier!(
        co_cedula,
        "Colombian citizens' cards",
        ["!99.999.999", "!9.999.999.999", "!9999999999"],
        |code| !is_filler(code),
        ["cédula de ciudadanía", "cedula de ciudadania", "cédula", "cedula"],
        "Registraduría Nacional"
    )
    .confidence(0.7),
    identifier!(
        pe_dni,
        "Peruvian identity cards",
        ["!99999999", "!99999999-9"],
        |code| !is_filler(code),
        ["dni peruano", "reniec", "dni"],
        "RENIEC: DNI"
    )
    .confidence(0.7),
    identifier!(
        pe_ruc,
        "Peruvian taxpayers",
        ["!99999999999"],
        pe_ruc,
        ["ruc", "registro único de contribuyentes", "registro unico de contribuyentes"],
        "SUNAT: RUC"
    ),
    identifier!(
        ec_cedula,
        "Ecuadorian identity cards",
        ["!9999999999", "!999999999-9"],
        ec_cedula,
        ["cédula ecuatoriana", "cédula", "cedula", "identidad"],
        "Registro Civil del Ecuador"
    ),
    identifier!(
        uy_ci,
        "Uruguayan identity cards",
        ["9.999.999-9", "!9999999-9", "!99999999"],
        uy_ci,
        ["cédula uruguaya", "cédula", "cedula", "c.i.", "identidad"],
        "DNIC: cédula de identidad"
    ),
    identifier!(
        ve_rif,
        "Venezuelan tax numbers",
        ["A-99999999-9", "!A999999999", "!A-999999999"],
        ve_rif,
        ["rif", "r.i.f", "registro de información fiscal"],
        "SENIAT: RIF"
    ),
    identifier!(
        do_cedula,
        "Dominican identity cards",
        ["999-9999999-9", "!99999999999"],
        do_cedula,
        ["cédula dominicana", "cédula", "cedula"],
        "Junta Central Electoral"
    ),
    identifier!(
        cr_cedula,
        "Costa Rican identity cards",
        ["!9-9999-9999", "!999999999"],
        |code| (b'1'..=b'9').contains(&code[0]) && !is_filler(code),
        ["cédula costarricense", "cédula", "cedula"],
        "Tribunal Supremo de Elecciones"
    )
    .confidence(0.7),
    identifier!(
        gt_dpi,
        "Guatemalan identity cards",
        ["!9999999999999", "!9999 99999 9999"],
        gt_dpi,
        ["dpi", "cui", "documento personal de identificación"],
        "RENAP: CUI"
    ),
];
