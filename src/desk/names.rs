//! Chinese names as people look for them: by letters of their pinyin, whole or initials, with the readings that family names have.
//!
//! Lists show names masked (`张*`, `欧阳**`): what is behind a `*` cannot be looked for, only that there is a letter or a syllable. Readings
//! come from the crate `pinyin` (Unihan's), the family names' own from the table below. Pure.

use pinyin::{ToPinyin, ToPinyinMulti};

/// Family names that are not read as the character mostly is. Each also keeps its other readings.
const SURNAMES: &[(char, &str)] = &[
    ('曾', "zeng"),
    ('单', "shan"),
    ('解', "xie"),
    ('仇', "qiu"),
    ('区', "ou"),
    ('查', "zha"),
    ('朴', "piao"),
    ('盖', "ge"),
    ('冼', "xian"),
    ('缪', "miao"),
    ('乐', "yue"),
    ('隗', "wei"),
    ('员', "yun"),
    ('种', "chong"),
    ('繁', "po"),
    ('秘', "bi"),
    ('折', "she"),
    ('黑', "he"),
    ('覃', "qin"),
    ('宓', "fu"),
    ('召', "shao"),
    ('翟', "zhai"),
    ('柏', "bai"),
];

/// The same of two characters.
const COMPOUND: &[(&str, [&str; 2])] = &[("尉迟", ["yu", "chi"]), ("万俟", ["mo", "qi"]), ("长孙", ["zhang", "sun"])];

/// Every syllable of standard Chinese, without tones, ü as v.
const SYLLABLES: &str = "a ai an ang ao ba bai ban bang bao bei ben beng bi bian biao bie bin bing bo bu ca cai can cang cao ce cen ceng cha \
    chai chan chang chao che chen cheng chi chong chou chu chua chuai chuan chuang chui chun chuo ci cong cou cu cuan cui cun cuo da dai dan \
    dang dao de dei den deng di dian diao die ding diu dong dou du duan dui dun duo e ei en eng er fa fan fang fei fen feng fo fou fu ga gai \
    gan gang gao ge gei gen geng gong gou gu gua guai guan guang gui gun guo ha hai han hang hao he hei hen heng hong hou hu hua huai huan \
    huang hui hun huo ji jia jian jiang jiao jie jin jing jiong jiu ju juan jue jun ka kai kan kang kao ke ken keng kong kou ku kua kuai kuan \
    kuang kui kun kuo la lai lan lang lao le lei leng li lia lian liang liao lie lin ling liu lo long lou lu luan lun luo lv lve ma mai man \
    mang mao me mei men meng mi mian miao mie min ming miu mo mou mu na nai nan nang nao ne nei nen neng ni nian niang niao nie nin ning niu \
    nong nou nu nuan nuo nv nve o ou pa pai pan pang pao pei pen peng pi pian piao pie pin ping po pou pu qi qia qian qiang qiao qie qin qing \
    qiong qiu qu quan que qun ran rang rao re ren reng ri rong rou ru rua ruan rui run ruo sa sai san sang sao se sen seng sha shai shan shang \
    shao she shei shen sheng shi shou shu shua shuai shuan shuang shui shun shuo si song sou su suan sui sun suo ta tai tan tang tao te teng \
    ti tian tiao tie ting tong tou tu tuan tui tun tuo wa wai wan wang wei wen weng wo wu xi xia xian xiang xiao xie xin xing xiong xiu xu \
    xuan xue xun ya yan yang yao ye yi yin ying yo yong you yu yuan yue yun za zai zan zang zao ze zei zen zeng zha zhai zhan zhang zhao zhe \
    zhei zhen zheng zhi zhong zhou zhu zhua zhuai zhuan zhuang zhui zhun zhuo zi zong zou zu zuan zui zun zuo";
/// The longest of them.
const LONGEST: usize = 6;

fn is_syllable(letters: &str) -> bool {
    SYLLABLES.split_ascii_whitespace().any(|syllable| syllable == letters)
}

fn begins_syllable(letters: &str) -> bool {
    SYLLABLES.split_ascii_whitespace().any(|syllable| syllable.starts_with(letters))
}

/// ü as a keyboard without it types it.
fn typed(reading: &'static str) -> &'static str {
    match reading {
        "lü" => "lv",
        "nü" => "nv",
        "lüe" => "lve",
        "nüe" => "nve",
        other => other,
    }
}

/// The readings of a character, the usual one first; with those of a family name where it begins a name.
fn readings(c: char, first: bool) -> impl Iterator<Item = &'static str> {
    let surname = SURNAMES.iter().filter(move |(surname, _)| first && *surname == c).map(|(_, reading)| *reading);
    surname.chain(c.to_pinyin_multi().into_iter().flatten().map(|reading| typed(reading.plain())))
}

/// What a text is sorted by: the reading of each character, a family name's own first. Characters without one stand for themselves.
#[must_use]
pub fn key(name: &str) -> String {
    let compound = COMPOUND.iter().find(|(surname, _)| name.starts_with(surname));
    let mut key = String::new();
    for (at, c) in name.chars().enumerate() {
        let reading = compound.and_then(|(_, readings)| readings.get(at).copied()).or_else(|| readings(c, at == 0).next());
        match reading {
            Some(reading) => key.push_str(reading),
            None => key.extend(c.to_lowercase()),
        }
        key.push(' ');
    }
    key
}

/// The initials of a text's characters, and its other letters as they are: what somebody types who is in a hurry.
#[must_use]
pub fn initials(text: &str) -> String {
    let letter = |c: char| c.to_pinyin().and_then(|reading| reading.plain().chars().next()).unwrap_or(c);
    text.chars().map(letter).filter(|c| !c.is_whitespace()).flat_map(char::to_lowercase).collect()
}

/// The whole pinyin of a text without blanks.
#[must_use]
pub fn letters(text: &str) -> String {
    let mut out = String::new();
    for c in text.chars().filter(|c| !c.is_whitespace()) {
        match c.to_pinyin() {
            Some(reading) => out.push_str(typed(reading.plain())),
            None => out.extend(c.to_lowercase()),
        }
    }
    out
}

/// What was typed to find a name by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Wanted {
    /// Characters, from the first of the name on.
    Characters(Vec<char>),
    /// Letters; `whole` where they are whole syllables, which then are not read as initials.
    Letters { letters: String, whole: bool },
    /// Neither: no name.
    Nothing,
}

impl Wanted {
    /// Reads a word.
    #[must_use]
    pub fn read(word: &str) -> Wanted {
        let lower = word.to_lowercase().replace('ü', "v").replace(['\'', '’'], "");
        if !lower.is_empty() && lower.bytes().all(|byte| byte.is_ascii_lowercase()) {
            let whole = is_whole(&lower);
            return Wanted::Letters { letters: lower, whole };
        }
        let characters: Vec<char> = word.chars().collect();
        match characters.first() {
            Some(first) if first.to_pinyin().is_some() => Wanted::Characters(characters),
            _ => Wanted::Nothing,
        }
    }

    /// Whether a masked name may be the one looked for.
    #[must_use]
    pub fn fits(&self, masked: &str) -> bool {
        let name: Vec<char> = masked.chars().collect();
        match self {
            Wanted::Nothing => false,
            Wanted::Characters(wanted) => {
                wanted.len() <= name.len() && wanted.iter().zip(&name).all(|(wanted, known)| *known == '*' || wanted == known)
            }
            Wanted::Letters { letters, whole } => {
                let compound = COMPOUND.iter().find(|(surname, _)| masked.starts_with(surname)).map(|(_, readings)| *readings);
                by_syllables(letters, &name, true, compound) || (!whole && by_initials(letters, &name))
            }
        }
    }
}

fn is_whole(letters: &str) -> bool {
    letters.is_empty() || (1..=letters.len().min(LONGEST)).any(|end| is_syllable(&letters[..end]) && is_whole(&letters[end..]))
}

/// Whole syllables, the last of which may still be on its way.
fn by_syllables(letters: &str, name: &[char], first: bool, compound: Option<[&'static str; 2]>) -> bool {
    let Some((character, rest)) = name.split_first() else { return letters.is_empty() };
    if letters.is_empty() {
        return true;
    }
    if *character == '*' {
        return begins_syllable(letters)
            || (1..=letters.len().min(LONGEST))
                .any(|end| is_syllable(&letters[..end]) && by_syllables(&letters[end..], rest, false, None));
    }
    if let Some([one, other]) = compound
        && let [_, rest @ ..] = rest
        && let Some(left) = letters.strip_prefix(one).and_then(|left| left.strip_prefix(other))
        && by_syllables(left, rest, false, None)
    {
        return true;
    }
    let takes = |reading: &str| {
        reading.starts_with(letters) || letters.strip_prefix(reading).is_some_and(|left| by_syllables(left, rest, false, None))
    };
    let mut any = readings(*character, first).peekable();
    if any.peek().is_none() {
        return takes(&character.to_lowercase().collect::<String>());
    }
    // A name with ü is in many documents with u.
    any.any(|reading| takes(reading) || (reading.contains('v') && takes(&reading.replace('v', "u"))))
}

/// A letter a character.
fn by_initials(letters: &str, name: &[char]) -> bool {
    letters.len() <= name.len()
        && letters.chars().zip(name.iter().enumerate()).all(|(letter, (at, character))| match character {
            // No syllable begins with these.
            '*' => !matches!(letter, 'i' | 'u' | 'v'),
            known => readings(*known, at == 0).any(|reading| reading.starts_with(letter)) || known.to_lowercase().eq([letter]),
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fits(word: &str, name: &str) -> bool {
        Wanted::read(word).fits(name)
    }

    #[test]
    fn a_name_is_found_by_its_pinyin_as_far_as_it_is_seen() {
        for word in ["zhang", "zh", "z", "zhangsan", "zhangw", "zw", "张", "张三"] {
            assert!(fits(word, "张*"), "{word}");
        }
        for word in ["zhao", "wang", "zhangsanfeng", "zwx", "李", "张三丰", "zi", "3", ""] {
            assert!(!fits(word, "张*"), "{word}");
        }
        assert!(fits("zhangsanfeng", "张**") && fits("张三丰", "张**") && fits("zsf", "张**"));
    }

    #[test]
    fn family_names_have_readings_of_their_own() {
        let pairs = [
            ("zeng", "曾*"),
            ("ceng", "曾*"),
            ("shan", "单**"),
            ("dan", "单*"),
            ("xie", "解*"),
            ("qiu", "仇*"),
            ("ou", "区*"),
            ("zha", "查*"),
            ("piao", "朴*"),
            ("ge", "盖*"),
            ("lv", "吕*"),
            ("lu", "吕*"),
            ("yuchi", "尉迟*"),
            ("moqi", "万俟*"),
            ("ouyang", "欧阳**"),
            ("oy", "欧阳**"),
            ("ouyangxiu", "欧阳*"),
        ];
        for (word, name) in pairs {
            assert!(fits(word, name), "{word} {name}");
        }
        assert!(!fits("qu", "欧阳*") && !fits("zhang", "曾*"));
    }

    #[test]
    fn letters_that_are_a_syllable_are_no_initials() {
        assert!(!fits("he", "韩*"), "h, e");
        assert!(fits("he", "何*") && fits("he", "黑*"));
        assert!(fits("hy", "韩*"));
    }

    #[test]
    fn names_in_letters_are_found_too() {
        assert!(fits("j", "J***") && fits("jo", "JOHN") && !fits("k", "J***"));
    }

    #[test]
    fn names_are_in_the_order_of_their_sounds() {
        let mut names = ["张*", "曾*", "单*", "欧阳*", "区*", "阿*", "尉迟*", "John"];
        names.sort_by_key(|name| key(name));
        assert_eq!(names, ["阿*", "John", "区*", "欧阳*", "单*", "尉迟*", "曾*", "张*"]);
    }

    #[test]
    fn every_reading_of_the_common_characters_is_a_syllable() {
        // The 3,755 of GB 2312's first level stand by sound: a sample over all of them.
        let sample = "啊爱安昂奥八白班帮包杯奔崩比边标别宾兵波布擦才参仓草策岑层插柴产昌超车陈成吃冲抽出穿床吹春次从粗村错大代单当刀的等低点掉\
            丁东斗都端队顿多额恩而发反方非分风佛否夫该干刚高个给跟更工狗古瓜怪关光归国哈海寒行好合黑很红后胡花坏欢黄回婚活几家见江交接今京\
            九居卷决军开看康考可肯空口苦宽况亏困拉来兰浪老了累冷里两林六龙楼路乱论罗吕略马买满忙毛没门梦米面民名末木那南脑内能你年娘鸟您\
            宁牛农怒暖女";
        for c in sample.chars().filter(|c| !c.is_whitespace()) {
            let reading = readings(c, false).next().unwrap();
            assert!(is_syllable(reading), "{c} {reading}");
        }
    }

    #[test]
    fn initials_and_letters_of_words() {
        assert_eq!((initials("打开单位"), letters("打开单位")), ("dkdw".into(), "dakaidanwei".into()));
        assert_eq!(initials("主题 dark"), "ztdark");
    }
}
