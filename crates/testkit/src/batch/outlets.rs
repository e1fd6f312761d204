//! Invented outlets of Hubei's divisions (card-and-rules.md §5.3), their signing keys, and invented employers.

use card::Digest;
use line::package::SecretKey;

use crate::dice::Dice;

/// Division, letters for codes, English and Chinese name.
const DIVISIONS: [(&str, &str, &str, &str); 17] = [
    ("420100", "WH", "Wuhan", "武汉市"),
    ("420200", "HS", "Huangshi", "黄石市"),
    ("420300", "SY", "Shiyan", "十堰市"),
    ("420500", "YC", "Yichang", "宜昌市"),
    ("420600", "XY", "Xiangyang", "襄阳市"),
    ("420700", "EZ", "Ezhou", "鄂州市"),
    ("420800", "JM", "Jingmen", "荆门市"),
    ("420900", "XG", "Xiaogan", "孝感市"),
    ("421000", "JZ", "Jingzhou", "荆州市"),
    ("421100", "HG", "Huanggang", "黄冈市"),
    ("421200", "XN", "Xianning", "咸宁市"),
    ("421300", "SZ", "Suizhou", "随州市"),
    ("422800", "ES", "Enshi", "恩施土家族苗族自治州"),
    ("429004", "XT", "Xiantao", "仙桃市"),
    ("429005", "QJ", "Qianjiang", "潜江市"),
    ("429006", "TM", "Tianmen", "天门市"),
    ("429021", "SN", "Shennongjia", "神农架林区"),
];

/// One outlet and what it signs with.
pub struct Outlet {
    pub code: String,
    pub name: String,
    pub name_zh: String,
    pub division: &'static str,
    pub open: bool,
    pub key: SecretKey,
    /// Sequence number of its last package.
    pub sequence: u64,
}

impl Outlet {
    /// The `n`-th outlet; every division gets one before any gets its second.
    pub fn new(seed: u64, n: usize, open: bool) -> Self {
        let (division, letters, name, name_zh) = DIVISIONS[n % DIVISIONS.len()];
        let number = n / DIVISIONS.len() + 1;
        let code = format!("{letters}-{number:02}");
        let key = key_of(seed, &code);
        Self { name: format!("{name} Service Outlet {number}"), name_zh: format!("{name_zh}第{number}服务网点"), division, code, open, key, sequence: 0 }
    }

    /// The row of the outlet register, in its published columns.
    pub fn row(&self) -> [String; 9] {
        let status = if self.open { "open" } else { "closed" };
        let address = format!("湖北省{}示例路{}号", self.name_zh, self.code.len() * 7);
        let phone = format!("027-8{}", &self.division[1..]);
        [self.code.as_str(), &self.name, &self.name_zh, self.division, &address, "430000", &phone, &self.key.public_key(), status].map(str::to_owned)
    }
}

/// The key of an outlet under a seed: the demonstration's only, never a real one.
pub fn key_of(seed: u64, code: &str) -> SecretKey {
    SecretKey::from_seed(&Digest::of(format!("demo key {seed} {code}").as_bytes()).0)
}

/// An invented company.
#[derive(Clone)]
pub struct Employer {
    pub name: String,
    /// Unified social credit code.
    pub code: String,
}

/// The `n`-th employer.
pub fn employer(seed: u64, n: usize) -> Employer {
    const PLACES: [&str; 6] = ["武汉", "宜昌", "襄阳", "荆州", "黄石", "十堰"];
    const WORDS: [&str; 8] = ["星河", "青山", "远航", "明光", "天云", "海石", "春江", "金玉"];
    const TRADES: [&str; 6] = ["科技有限公司", "机械制造有限公司", "语言学校", "贸易有限公司", "生物医药有限公司", "建筑设计有限公司"];
    let mut dice = Dice::new(seed, "employer", n as u64);
    let name = [*dice.pick(&PLACES), *dice.pick(&WORDS), *dice.pick(&TRADES)].concat();
    let body = format!("91420100{:09}", (n * 7_919 + 11) % 1_000_000_000);
    Employer { name, code: card::employer::with_check(&body).expect("17 characters of the alphabet") }
}
