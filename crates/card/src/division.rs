//! Hubei's administrative divisions (GB/T 2260): the province and its 17 city-level units (card-and-rules.md §5.3).

/// One division: 6-digit code and its names.
pub struct Division {
    pub code: &'static str,
    pub name_zh: &'static str,
    pub name_en: &'static str,
}

/// Sorted by code. There is no 420400.
pub static HUBEI: [Division; 18] = [
    division("420000", "湖北省", "Hubei"),
    division("420100", "武汉市", "Wuhan"),
    division("420200", "黄石市", "Huangshi"),
    division("420300", "十堰市", "Shiyan"),
    division("420500", "宜昌市", "Yichang"),
    division("420600", "襄阳市", "Xiangyang"),
    division("420700", "鄂州市", "Ezhou"),
    division("420800", "荆门市", "Jingmen"),
    division("420900", "孝感市", "Xiaogan"),
    division("421000", "荆州市", "Jingzhou"),
    division("421100", "黄冈市", "Huanggang"),
    division("421200", "咸宁市", "Xianning"),
    division("421300", "随州市", "Suizhou"),
    division("422800", "恩施土家族苗族自治州", "Enshi"),
    division("429004", "仙桃市", "Xiantao"),
    division("429005", "潜江市", "Qianjiang"),
    division("429006", "天门市", "Tianmen"),
    division("429021", "神农架林区", "Shennongjia"),
];

const fn division(code: &'static str, name_zh: &'static str, name_en: &'static str) -> Division {
    Division { code, name_zh, name_en }
}

/// The division of a 6-digit code.
#[must_use]
pub fn find(code: &str) -> Option<&'static Division> {
    HUBEI.binary_search_by_key(&code, |d| d.code).ok().map(|at| &HUBEI[at])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_division_is_found_and_others_are_not() {
        for d in &HUBEI {
            assert_eq!(find(d.code).map(|f| f.name_zh), Some(d.name_zh));
        }
        assert!(["420400", "110000", "4201", ""].iter().all(|c| find(c).is_none()));
    }
}
