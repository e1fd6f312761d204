//! Invented names: syllables of many languages' sound, put together by chance. No name here is taken from a person.

use crate::dice::Dice;

/// How names of one family are built.
struct Family {
    surname: [&'static [&'static str]; 2],
    given: [&'static [&'static str]; 2],
    /// Whether many people have one name only.
    single: bool,
}

const FAMILIES: [Family; 12] = [
    // 0: west European, plain
    Family {
        surname: [&["Har", "Bel", "Cor", "Wes", "Thorn", "Ash", "Mer", "Dun"], &["low", "field", "wick", "mont", "ley", "ford", "ham", "ster"]],
        given: [&["Al", "Ed", "Mar", "Ros", "Ken", "Lyn", "Tam", "Gwen"], &["ric", "wyn", "ion", "alie", "dra", "ette", "sin", "dal"]],
        single: false,
    },
    // 1: German and Nordic letters
    Family {
        surname: [&["Müh", "Grü", "Lind", "Bjør", "Ås", "Wör", "Stra", "Köh"], &["lberg", "nwald", "ström", "gaard", "mann", "thøj", "ßner", "lund"]],
        given: [&["Jö", "Kä", "Sø", "Å", "Inge", "Wolf", "Lie", "Dag"], &["ran", "the", "ren", "sil", "mar", "hild", "selo", "finn"]],
        single: false,
    },
    // 2: French
    Family {
        surname: [&["Beau", "Fon", "Lé", "Mar", "Gre", "Châ", "Del", "Cour"], &["vrin", "taine", "zard", "çon", "noux", "teller", "orme", "besson"]],
        given: [&["Aur", "Béa", "Clé", "Fran", "Hé", "Zo", "Ire", "Gaë"], &["élien", "trine", "mence", "çois", "lène", "éline", "née", "tane"]],
        single: false,
    },
    // 3: Iberian, with two surnames
    Family {
        surname: [&["Mu", "Pe", "Iba", "Que", "Cas", "Nú", "Oli", "Fi"], &["ñera", "draza", "rrondo", "vedo Sáenz", "tañar", "ñezal", "veirão", "gueroa Ríos"]],
        given: [&["Jo", "Ma", "Lu", "Í", "An", "Be", "Ra", "Tei"], &["séfa", "ríola", "cíano", "ñigo", "xela", "lénia", "fanã", "xeira"]],
        single: false,
    },
    // 4: Slavic with carons and strokes
    Family {
        surname: [&["Nová", "Kov", "Wi", "Jan", "Šta", "Zie", "Dvo", "Brzo"], &["čik", "aljov", "śniec", "kovič", "jerski", "liński", "řan", "łowski"]],
        given: [&["Zdr", "Mi", "Bož", "Ras", "Vlad", "Łu", "Da", "Ja"], &["avko", "loš", "ena", "tislav", "imira", "cjan", "nuška", "romíra"]],
        single: false,
    },
    // 5: Turkish and Azeri letters
    Family {
        surname: [&["Yıl", "Ka", "Öz", "Çe", "Gü", "Şa", "Ağa", "Er"], &["mazer", "raoğlu", "türkan", "tinay", "neşli", "hinbaş", "yevli", "doğmuş"]],
        given: [&["Ay", "Me", "İs", "Gü", "Or", "Se", "Tu", "Ni"], &["şegül", "tehan", "kender", "lizar", "çunay", "vgiye", "ğrulay", "lüfera"]],
        single: false,
    },
    // 6: Vietnamese
    Family {
        surname: [&["Ngu", "Tr", "Ph", "Đ", "L", "H", "V", "B"], &["yễn", "ần", "ạm", "ặng", "ương", "oàng", "ũng", "ùi"]],
        given: [&["Thị ", "Văn ", "Minh ", "Ngọc ", "Quốc ", "Hữu ", "Đức ", "Bảo "], &["Ánh", "Bình", "Châu", "Dũng", "Hạnh", "Khuê", "Loan", "Phượng"]],
        single: false,
    },
    // 7: Arabic and Persian, romanised
    Family {
        surname: [
            &["Al-", "Ben ", "El ", "Bin ", "", "Al-", "Abu ", "Ould "],
            &["Mazrouqi", "Hadidane", "Sherbatly", "Nasirani", "Qaderzai", "Tamimawi", "Farhoudi", "Zawadiri"],
        ],
        given: [&["Kha", "Ra", "Sa", "You", "No", "Am", "Ta", "Hu"], &["lidan", "shidah", "mirane", "nesra", "urhan", "inata", "reqin", "daifa"]],
        single: false,
    },
    // 8: South Asian, romanised, sometimes one name
    Family {
        surname: [
            &["Cha", "Ban", "Raj", "Pra", "Si", "Ku", "Ven", "Go"],
            &["turvesh", "dopanth", "putrai", "karam", "nghaval", "marappan", "katesan", "palanath"],
        ],
        given: [&["An", "De", "Ki", "La", "Su", "Vi", "Pri", "Ra"], &["ishka", "vendar", "ranit", "kshita", "reshan", "jaylan", "yanth", "ghuvir"]],
        single: true,
    },
    // 9: Indonesian and Malay, often one name
    Family {
        surname: [
            &["Su", "Har", "Wi", "Ku", "Pra", "Se", "Ra", "Dar"],
            &["karnito", "tonowan", "dodarma", "sumanti", "setyano", "tiawarni", "hmadiko", "mawanto"],
        ],
        given: [&["Bu", "De", "Si", "Yu", "Ag", "Ra", "Ti", "La"], &["dianto", "wisari", "tiana", "lianti", "ustika", "tnawi", "wikani", "ksmita"]],
        single: true,
    },
    // 10: African languages, romanised, with apostrophes
    Family {
        surname: [
            &["N'", "O", "Mwa", "Adé", "Kou", "Tra", "Nku", "Dlam"],
            &["Diayeko", "konjola", "ngiwaru", "bayoluwa", "yatéba", "orélawi", "runzika", "inithe"],
        ],
        given: [&["A", "Chi", "Fa", "Ko", "Nya", "Tha", "Zu", "Ye"], &["minatou", "nedula", "toumani", "fiwale", "mburawi", "ndekani", "bairo", "tundeji"]],
        single: false,
    },
    // 11: East Asian, romanised
    Family {
        surname: [&["Ki", "Ta", "Ha", "Mi", "Par", "Cho", "Sa", "Yo"], &["noshiro", "kamori", "yasegi", "nazuki", "khyeon", "ngsuri", "watabe", "shinori"]],
        given: [&["Ha", "Yu", "Ji", "So", "Ke", "Na", "Ri", "Min"], &["ruto", "kiemi", "hyeon", "raeko", "nshino", "tsumi", "nako", "seoka"]],
        single: false,
    },
];

/// Nationality as the passport writes it, and its family of names: 66 of them.
pub const NATIONALITIES: [(&str, usize); 66] = [
    ("GBR", 0),
    ("USA", 0),
    ("CAN", 0),
    ("AUS", 0),
    ("NZL", 0),
    ("IRL", 0),
    ("JAM", 0),
    ("NLD", 0),
    ("ITA", 0),
    ("D", 1),
    ("AUT", 1),
    ("CHE", 1),
    ("SWE", 1),
    ("NOR", 1),
    ("DNK", 1),
    ("FIN", 1),
    ("ISL", 1),
    ("FRA", 2),
    ("BEL", 2),
    ("LUX", 2),
    ("HTI", 2),
    ("ESP", 3),
    ("PRT", 3),
    ("MEX", 3),
    ("BRA", 3),
    ("ARG", 3),
    ("COL", 3),
    ("PER", 3),
    ("CHL", 3),
    ("POL", 4),
    ("CZE", 4),
    ("SVK", 4),
    ("HRV", 4),
    ("SRB", 4),
    ("RUS", 4),
    ("UKR", 4),
    ("BLR", 4),
    ("TUR", 5),
    ("AZE", 5),
    ("TKM", 5),
    ("VNM", 6),
    ("EGY", 7),
    ("IRN", 7),
    ("IRQ", 7),
    ("MAR", 7),
    ("SAU", 7),
    ("YEM", 7),
    ("IND", 8),
    ("PAK", 8),
    ("NPL", 8),
    ("LKA", 8),
    ("BGD", 8),
    ("IDN", 9),
    ("MYS", 9),
    ("PHL", 3),
    ("NGA", 10),
    ("KEN", 10),
    ("GHA", 10),
    ("ZAF", 10),
    ("SEN", 10),
    ("COD", 10),
    ("JPN", 11),
    ("KOR", 11),
    ("MNG", 11),
    ("KAZ", 4),
    ("SGP", 11),
];

/// A name in the parts a passport has.
#[derive(Clone)]
pub struct Name {
    /// Empty for people of one name (who then have only a given name).
    pub surname: String,
    pub given: String,
}

impl Name {
    /// As in the visual zone: surname first, sometimes in capitals.
    pub fn shown(&self, capitals: bool) -> String {
        let whole = format!("{} {}", self.surname, self.given).trim().to_owned();
        if capitals { whole.to_uppercase() } else { whole }
    }

    /// Drops given names from the end until the whole fits the machine-readable zone; the first always stays.
    pub fn shorten_to_fit(&mut self) {
        while card::name::mrz_name(&self.shown(false)).chars_needed > MRZ_CHARS_MAX
            && let Some((kept, _)) = self.given.rsplit_once(' ')
        {
            self.given.truncate(kept.len());
        }
    }
}

/// A name of the family; `long` adds given names up to about 34 letters.
pub fn name(family: usize, dice: &mut Dice, long: bool) -> Name {
    let f = &FAMILIES[family];
    let join = |parts: [&'static [&'static str]; 2], dice: &mut Dice| [*dice.pick(parts[0]), *dice.pick(parts[1])].concat();
    let mut given = join(f.given, dice);
    if f.single && dice.chance(0.25) {
        return Name { surname: String::new(), given: capital(&format!("{given}{}", dice.pick(f.surname[1]))) };
    }
    let surname = capital(&[join(f.surname, dice), middle(dice)].concat());
    while long && surname.chars().count() + given.chars().count() < 20 {
        given = format!("{given} {}", capital(&join(f.given, dice)));
    }
    // A second part makes the space of names large enough that no two people of one birthday share one.
    let second = capital(&[join(f.given, dice), middle(dice)].concat());
    let mut whole = Name { surname, given: format!("{} {second}", capital(&given)) };
    // Transliteration makes some letters two: a name must still fit the machine-readable zone.
    whole.shorten_to_fit();
    whole
}

/// Name field of a passport's machine-readable zone (ICAO 9303-4).
const MRZ_CHARS_MAX: usize = 39;

/// A plain ending, so that 100,000 people seldom repeat a name.
fn middle(dice: &mut Dice) -> String {
    const ENDS: [&str; 24] =
        ["", "", "a", "an", "ar", "el", "en", "er", "i", "in", "is", "o", "on", "or", "u", "ut", "ael", "eri", "ano", "ine", "ore", "ume", "ira", "eth"];
    (*dice.pick(&ENDS)).to_owned()
}

fn capital(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

/// Two to four common characters, or a foreign-sounding name with a middle dot.
pub fn chinese(dice: &mut Dice) -> String {
    const LETTERS: [char; 40] = [
        '安', '娜', '马', '丽', '林', '文', '伟', '杰', '明', '华', '海', '山', '江', '河', '春', '雨', '雪', '梅', '兰', '竹', '云', '天', '星', '月', '光',
        '金', '玉', '石', '青', '白', '高', '方', '思', '远', '佳', '宁', '康', '乐', '德', '尔',
    ];
    let word = |n: i64, dice: &mut Dice| -> String { (0..dice.within(2, n)).map(|_| *dice.pick(&LETTERS)).collect() };
    if dice.chance(0.3) { format!("{}·{}", word(3, dice), word(3, dice)) } else { word(4, dice) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_stay_within_the_zone_and_differ() {
        let mut seen = std::collections::BTreeSet::new();
        for n in 0..3000 {
            let mut dice = Dice::new(1, "names", n);
            let name = name(dice.below(FAMILIES.len()), &mut dice, n % 20 == 0);
            let shown = name.shown(false);
            assert!(shown.chars().count() >= 4 && super::super::mrz::name_field(&name).trim_end_matches('<').len() <= 39, "{shown}");
            seen.insert(shown);
        }
        assert!(seen.len() > 2900, "{}", seen.len());
    }

    #[test]
    fn all_nationalities_are_foreign_and_known() {
        let codes: std::collections::BTreeSet<_> = NATIONALITIES.iter().map(|(code, _)| *code).collect();
        assert_eq!(codes.len(), NATIONALITIES.len());
        for code in codes {
            assert!(code == "D" || card::country::country(code) == card::country::Country::Iso, "{code}");
        }
    }
}
