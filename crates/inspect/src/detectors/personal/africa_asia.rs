//! National, tax and insurance numbers of Africa, Asia and the Pacific.

use super::{filled, identifier};
use crate::detectors::Declaration;
use crate::validators::is_filler;
use crate::validators::national::{africa_asia::*, pacific::*};

pub(super) const ALL: &[Declaration] = &[
    identifier!(
        tr_tckn,
        "Turkish identity numbers",
        ["!99999999999"],
        tr_tckn,
        ["tckn", "t.c.", "kimlik", "tc no", "turkish id"],
        "NVİ: T.C. kimlik numarası"
    ),
    identifier!(
        il_teudat,
        "Israeli identity numbers",
        ["!999999999", "!99999999-9"],
        il_teudat,
        ["teudat", "תעודת זהות", "ת.ז", "ת\"ז", "israeli id", "zehut", "mispar zehut"],
        "Population and Immigration Authority"
    ),
    identifier!(
        za_id,
        "South African identity numbers",
        ["!9999999999999", "!999999 9999 999", "!999999 9999 99 9"],
        za_id,
        [
            "south african id",
            "sa id",
            "rsa id",
            "id number",
            "identity number",
            "id no",
            "id_number",
            "identity no",
        ],
        "Identification Act 68 of 1997"
    ),
    identifier!(
        in_aadhaar,
        "Indian residents",
        ["9999 9999 9999", "9999-9999-9999", "!999999999999"],
        in_aadhaar,
        ["aadhaar", "aadhar", "uidai", "आधार", "uid"],
        "UIDAI: Aadhaar"
    ),
    identifier!(
        in_pan,
        "Indian tax accounts",
        ["AAAAA9999A"],
        in_pan,
        ["pan", "permanent account"],
        "Income Tax Department: PAN"
    ),
    identifier!(
        in_gstin,
        "Indian goods and services tax",
        ["99AAAAA9999AXAX"],
        in_gstin,
        ["gstin", "gst"],
        "GSTN: GSTIN"
    )
    .company(),
    identifier!(
        in_voter,
        "Indian voters",
        ["!AAA9999999"],
        |code| !is_filler(&code[3..]),
        ["voter", "epic"],
        "Election Commission of India: EPIC"
    )
    .confidence(0.8),
    identifier!(
        cn_resident_id,
        "Chinese resident numbers",
        ["99999999999999999X"],
        cn_resident_id,
        ["身份证", "居民身份", "公民身份", "resident id"],
        "GB 11643"
    ),
    identifier!(
        tw_id,
        "Taiwanese identity numbers",
        ["!A999999999"],
        tw_id,
        ["身分證", "身份證", "統一編號", "居留證", "taiwan id", "taiwanese id"],
        "內政部: 國民身分證統一編號"
    ),
    identifier!(
        hk_id,
        "Hong Kong identity cards",
        ["A999999(X)", "AA999999(X)", "!A999999X", "!AA999999X"],
        hk_id,
        ["hkid", "身份證", "hong kong id", "hk id"],
        "Immigration Department: HKIC"
    ),
    identifier!(
        sg_nric,
        "Singaporean identity and foreign numbers",
        ["A9999999A"],
        sg_nric,
        ["nric", "fin no", "singpass", "singapore id"],
        "ICA: NRIC"
    )
    .confidence(0.9),
    identifier!(
        kr_rrn,
        "Korean resident numbers",
        ["999999-9999999", "!9999999999999"],
        kr_rrn,
        ["주민등록번호", "주민번호", "외국인등록번호", "resident registration", "rrn"],
        "주민등록법 시행규칙"
    ),
    identifier!(
        jp_my_number,
        "Japanese individual numbers",
        ["!999999999999", "!9999 9999 9999", "!9999-9999-9999"],
        jp_my_number,
        ["マイナンバー", "個人番号", "my number", "mynumber", "individual number"],
        "行政手続番号利用法"
    ),
    identifier!(
        th_id,
        "Thai identity numbers",
        ["9-9999-99999-99-9", "!9999999999999", "9 9999 99999 99 9"],
        th_id,
        ["เลขประจำตัวประชาชน", "บัตรประชาชน", "thai id", "thai national"],
        "กรมการปกครอง: เลขประจำตัวประชาชน"
    ),
    identifier!(
        my_nric,
        "Malaysian identity cards",
        ["999999-99-9999", "!999999999999"],
        my_nric,
        ["mykad", "kad pengenalan", "ic no", "ic number", "no. kp", "nric"],
        "JPN: MyKad"
    )
    .confidence(0.9),
    identifier!(
        id_nik,
        "Indonesian identity numbers",
        ["!9999999999999999"],
        id_nik,
        ["nik", "ktp", "nomor induk kependudukan"],
        "Dukcapil: NIK"
    )
    .confidence(0.9),
    identifier!(
        vn_cccd,
        "Vietnamese citizens",
        ["!999999999999"],
        vn_cccd,
        ["cccd", "căn cước", "can cuoc", "cmnd", "số định danh"],
        "Thông tư 59/2021/TT-BCA"
    )
    .confidence(0.8),
    identifier!(
        pk_cnic,
        "Pakistani identity cards",
        ["99999-9999999-9", "!9999999999999"],
        pk_cnic,
        ["cnic", "nicop", "شناختی کارڈ"],
        "NADRA: CNIC"
    )
    .confidence(0.9),
    identifier!(
        lk_nic,
        "Sri Lankan identity cards",
        ["!999999999A"],
        lk_nic,
        ["sri lanka", "lankan nic", "nic no", "nic number", "nic"],
        "Department for Registration of Persons"
    )
    .confidence(0.9),
    identifier!(
        ph_tin,
        "Philippine tax numbers",
        ["!999-999-999-999", "!999-999-999"],
        ph_tin,
        ["philippine tin", "tin no", "tin", "taxpayer identification"],
        "BIR: TIN"
    )
    .confidence(0.8),
    identifier!(
        sa_id,
        "Saudi identity and residence numbers",
        ["!9999999999"],
        sa_id,
        ["iqama", "هوية", "الهوية", "إقامة", "saudi id", "national id"],
        "Absher: national id"
    ),
    identifier!(
        ae_emirates_id,
        "Emirates identity cards",
        ["999-9999-9999999-9", "!999999999999999"],
        ae_emirates_id,
        ["emirates id", "emirates_id", "هوية"],
        "ICP: Emirates ID"
    )
    .make(|seed| filled(&["784-19##-#######-#"], ae_emirates_id, seed)),
    identifier!(
        ir_national,
        "Iranian national codes",
        ["!9999999999", "!999-999999-9"],
        ir_national,
        ["کد ملی", "کدملی", "code melli", "melli"],
        "ثبت احوال: کد ملی"
    ),
    identifier!(
        eg_national,
        "Egyptian national numbers",
        ["!99999999999999"],
        eg_national,
        ["الرقم القومي", "رقم قومي", "egyptian id", "national id"],
        "Civil Status Organization"
    ),
    identifier!(
        ng_nin,
        "Nigerian identity and bank verification numbers",
        ["!99999999999"],
        ng_nin,
        ["nin", "bvn", "bank verification", "national identification number"],
        "NIMC: NIN; CBN: BVN"
    )
    .confidence(0.8),
    identifier!(
        au_tfn,
        "Australian tax file numbers",
        ["!999999999", "!999 999 999", "!99999999", "!999-999-999"],
        au_tfn,
        ["tfn", "tax file"],
        "ATO: tax file number"
    ),
    identifier!(
        au_medicare,
        "Australian Medicare cards",
        ["!9999 99999 9", "!9999999999", "!99999999999", "!9999 99999 9-9", "!9999-99999-9"],
        au_medicare,
        ["medicare"],
        "Services Australia: Medicare card"
    ),
    identifier!(
        au_abn,
        "Australian businesses",
        ["!99 999 999 999", "!99999999999"],
        au_abn,
        ["abn", "australian business"],
        "ABR: format of the ABN"
    )
    .company(),
    identifier!(
        nz_ird,
        "New Zealand's tax numbers",
        ["!99-999-999", "!999-999-999", "!99999999", "!999999999"],
        nz_ird,
        ["ird", "inland revenue"],
        "Inland Revenue: RWT and NRWT specification"
    ),
    identifier!(
        nz_nhi,
        "New Zealand's patients",
        ["!AAA9999"],
        nz_nhi,
        ["nhi", "national health index"],
        "HISO 10046"
    ),
];
