//! Print files (docs/formats/print.md): a small reader of just that PDF shape, following cross-references from page to page, to
//! each page's mark and the bytes of its photo. Every offset and length comes from the file and is bounded by it.

use std::collections::HashMap;

use card::{Digest, Keyed};

use super::Seen;

/// Deepest nesting of arrays and dictionaries looked at.
const DEPTH_MAX: u32 = 16;
const MARK: &[u8] = b"/CLR-";
const KEYED_CHARS: usize = 32;

/// A PDF value; strings and numbers with a fraction are passed over.
enum Value<'a> {
    Number(u64),
    Reference(u32),
    Name(&'a [u8]),
    Array(Vec<Value<'a>>),
    Dictionary(HashMap<&'a [u8], Value<'a>>),
    Other,
}

/// The cards of a print file, in page order: two pages each, both with the mark, one photo between them.
///
/// # Errors
/// The file hasn't the published shape.
pub(super) fn cards(bytes: &[u8]) -> Result<Vec<Seen>, String> {
    let file = File::open(bytes)?;
    let pages = file.pages()?;
    if pages.len() % 2 != 0 {
        return Err("an odd number of pages".to_owned());
    }
    let mut cards = Vec::with_capacity(pages.len() / 2);
    for (i, pair) in pages.chunks_exact(2).enumerate() {
        let (front, back) = (file.page(pair[0])?, file.page(pair[1])?);
        if front.record != back.record {
            return Err(format!("front and back of card {} differ", i + 1));
        }
        let mut photos: Vec<Digest> = front.photos.into_iter().chain(back.photos).collect();
        photos.dedup();
        let [photo] = photos[..] else { return Err(format!("card {} has {} photos", i + 1, photos.len())) };
        cards.push(Seen { record: Some(front.record), photo: Some(photo), ..Seen::default() });
    }
    Ok(cards)
}

struct Page {
    record: Keyed,
    photos: Vec<Digest>,
}

struct File<'a> {
    bytes: &'a [u8],
    offsets: HashMap<u32, usize>,
    trailer: HashMap<&'a [u8], Value<'a>>,
}

impl<'a> File<'a> {
    fn open(bytes: &'a [u8]) -> Result<Self, String> {
        let tail_at = bytes.len().saturating_sub(1024);
        let start = memchr::memmem::rfind(&bytes[tail_at..], b"startxref").ok_or("no startxref")?;
        let mut cursor = Cursor { bytes, at: tail_at + start + 9 };
        let mut table = Cursor { bytes, at: cursor.number().ok_or("no cross-reference offset")? as usize };
        table.keyword(b"xref").ok_or("no cross-reference table")?;
        let offsets = table.sections()?;
        table.keyword(b"trailer").ok_or("no trailer")?;
        let Some(Value::Dictionary(trailer)) = table.value(0) else { return Err("no trailer dictionary".to_owned()) };
        Ok(Self { bytes, offsets, trailer })
    }

    /// The dictionary of an object, and where it ends.
    fn object(&self, id: u32) -> Result<(HashMap<&'a [u8], Value<'a>>, usize), String> {
        let missing = || format!("object {id} can't be read");
        let mut cursor = Cursor { bytes: self.bytes, at: *self.offsets.get(&id).ok_or_else(missing)? };
        let head = (cursor.number(), cursor.number(), cursor.keyword(b"obj"));
        match (head, cursor.value(0)) {
            ((Some(number), Some(0), Some(())), Some(Value::Dictionary(d))) if number == u64::from(id) => Ok((d, cursor.at)),
            _ => Err(missing()),
        }
    }

    fn stream(&self, id: u32) -> Result<(HashMap<&'a [u8], Value<'a>>, &'a [u8]), String> {
        let (dictionary, at) = self.object(id)?;
        let wrong = || format!("stream {id} can't be read");
        let mut cursor = Cursor { bytes: self.bytes, at };
        cursor.keyword(b"stream").ok_or_else(wrong)?;
        let rest = &self.bytes[cursor.at..];
        let rest = rest.strip_prefix(b"\r\n").or_else(|| rest.strip_prefix(b"\n")).ok_or_else(wrong)?;
        let Some(Value::Number(length)) = dictionary.get(&b"Length"[..]) else { return Err(wrong()) };
        let (content, after) = usize::try_from(*length).ok().and_then(|n| rest.split_at_checked(n)).ok_or_else(wrong)?;
        if after.trim_ascii_start().starts_with(b"endstream") { Ok((dictionary, content)) } else { Err(wrong()) }
    }

    fn pages(&self) -> Result<Vec<u32>, String> {
        let catalog = self.object(reference(&self.trailer, b"Root").ok_or("no catalog")?)?.0;
        let tree = self.object(reference(&catalog, b"Pages").ok_or("no pages")?)?.0;
        let Some(Value::Array(kids)) = tree.get(&b"Kids"[..]) else { return Err("no list of pages".to_owned()) };
        let page = |kid: &Value| if let Value::Reference(id) = kid { Some(*id) } else { None };
        kids.iter().map(page).collect::<Option<_>>().ok_or_else(|| "pages are not references".to_owned())
    }

    fn page(&self, id: u32) -> Result<Page, String> {
        let page = self.object(id)?.0;
        let (head, content) = self.stream(reference(&page, b"Contents").ok_or("a page without content")?)?;
        if head.contains_key(&b"Filter"[..]) {
            return Err("a page's content is packed".to_owned());
        }
        let record = mark(content)?;
        let photos = self.images(&page)?.into_iter().map(|image| self.photo(image)).collect::<Result<Vec<_>, _>>()?;
        Ok(Page { record, photos: photos.into_iter().flatten().collect() })
    }

    /// The external objects a page names.
    fn images(&self, page: &HashMap<&'a [u8], Value<'a>>) -> Result<Vec<u32>, String> {
        let fetched;
        let resources = match page.get(&b"Resources"[..]) {
            Some(Value::Dictionary(inline)) => inline,
            Some(Value::Reference(id)) => {
                fetched = self.object(*id)?.0;
                &fetched
            }
            _ => return Err("a page without resources".to_owned()),
        };
        let Some(Value::Dictionary(objects)) = resources.get(&b"XObject"[..]) else { return Ok(Vec::new()) };
        Ok(objects.values().filter_map(|v| if let Value::Reference(id) = v { Some(*id) } else { None }).collect())
    }

    /// Digest of a JPEG's bytes; `None` for anything else that is drawn.
    fn photo(&self, id: u32) -> Result<Option<Digest>, String> {
        let (head, content) = self.stream(id)?;
        let is = |key: &[u8], value: &[u8]| matches!(head.get(key), Some(Value::Name(name)) if *name == value);
        if !is(b"Subtype", b"Image") {
            return Ok(None);
        }
        if is(b"Filter", b"DCTDecode") { Ok(Some(Digest::of(content))) } else { Err("an image that is no JPEG".to_owned()) }
    }
}

fn reference(dictionary: &HashMap<&[u8], Value>, key: &[u8]) -> Option<u32> {
    if let Some(Value::Reference(id)) = dictionary.get(key) { Some(*id) } else { None }
}

/// The record digest a page is marked with: exactly one mark.
fn mark(content: &[u8]) -> Result<Keyed, String> {
    let mut marks = memchr::memmem::find_iter(content, MARK);
    let (Some(at), None) = (marks.next(), marks.next()) else { return Err("a page without exactly one mark".to_owned()) };
    let digits = content.get(at + MARK.len()..at + MARK.len() + KEYED_CHARS).and_then(|d| std::str::from_utf8(d).ok());
    let followed = content.get(at + MARK.len() + KEYED_CHARS..).is_some_and(|rest| rest.trim_ascii_start().starts_with(b"MP"));
    digits.filter(|_| followed).and_then(|d| Keyed::parse(d).ok()).ok_or_else(|| "a mark that can't be read".to_owned())
}

/// Reads PDF syntax from a place on.
struct Cursor<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Cursor<'a> {
    fn rest(&self) -> &'a [u8] {
        self.bytes.get(self.at..).unwrap_or_default()
    }

    fn skip_space(&mut self) {
        let space = self.rest().iter().take_while(|b| b.is_ascii_whitespace() || **b == 0).count();
        self.at += space;
    }

    fn keyword(&mut self, word: &[u8]) -> Option<()> {
        self.skip_space();
        self.rest().starts_with(word).then(|| self.at += word.len())
    }

    fn number(&mut self) -> Option<u64> {
        self.skip_space();
        let digits = self.rest().iter().take_while(|b| b.is_ascii_digit()).count();
        let text = std::str::from_utf8(&self.rest()[..digits]).ok()?;
        let number = text.parse().ok()?;
        self.at += digits;
        Some(number)
    }

    /// Sections of the cross-reference table: `first count`, then lines of ten digits, five digits, `n` or `f`.
    fn sections(&mut self) -> Result<HashMap<u32, usize>, String> {
        let mut offsets = HashMap::new();
        while let Some(first) = self.number() {
            let count = self.number().filter(|n| *n <= self.bytes.len() as u64).ok_or("a section without a count")?;
            for id in first..first.saturating_add(count) {
                let (offset, _) = (self.number().ok_or("a line without an offset")?, self.number().ok_or("a line without a generation")?);
                let in_use = self.keyword(b"n").is_some();
                if in_use {
                    offsets.insert(u32::try_from(id).map_err(|_| "a number out of range")?, usize::try_from(offset).map_err(|_| "an offset out of range")?);
                } else {
                    self.keyword(b"f").ok_or("a line of neither kind")?;
                }
            }
        }
        Ok(offsets)
    }

    fn value(&mut self, depth: u32) -> Option<Value<'a>> {
        self.skip_space();
        let rest = self.rest();
        match (rest.first()?, rest.get(1)) {
            _ if depth > DEPTH_MAX => None,
            (b'<', Some(b'<')) => self.dictionary(depth),
            (b'[', _) => self.array(depth),
            (b'/', _) => self.name().map(Value::Name),
            (b'(', _) => self.literal(),
            (b'<', _) => {
                self.at += memchr::memchr(b'>', rest)? + 1;
                Some(Value::Other)
            }
            (b'0'..=b'9', _) => self.number_or_reference(),
            _ => {
                let word = rest.iter().take_while(|b| !b.is_ascii_whitespace() && !b"[]<>()/".contains(b)).count();
                self.at += word;
                (word > 0).then_some(Value::Other)
            }
        }
    }

    fn dictionary(&mut self, depth: u32) -> Option<Value<'a>> {
        self.at += 2;
        let mut entries = HashMap::new();
        while self.keyword(b">>").is_none() {
            let key = self.name()?;
            entries.insert(key, self.value(depth + 1)?);
        }
        Some(Value::Dictionary(entries))
    }

    fn array(&mut self, depth: u32) -> Option<Value<'a>> {
        self.at += 1;
        let mut items = Vec::new();
        while self.keyword(b"]").is_none() {
            items.push(self.value(depth + 1)?);
        }
        Some(Value::Array(items))
    }

    fn name(&mut self) -> Option<&'a [u8]> {
        self.keyword(b"/")?;
        let name = self.rest();
        let end = name.iter().take_while(|b| !b.is_ascii_whitespace() && !b"[]<>()/".contains(b)).count();
        self.at += end;
        Some(&name[..end])
    }

    /// A string in parentheses, which may nest and be escaped.
    fn literal(&mut self) -> Option<Value<'a>> {
        let (mut open, mut escaped) = (0_u32, false);
        for (i, byte) in self.rest().iter().enumerate() {
            match (escaped, byte) {
                (true, _) => escaped = false,
                (_, b'\\') => escaped = true,
                (_, b'(') => open += 1,
                (_, b')') => open -= 1,
                _ => {}
            }
            if open == 0 {
                self.at += i + 1;
                return Some(Value::Other);
            }
        }
        None
    }

    /// `12`, `12.5` or `12 0 R`.
    fn number_or_reference(&mut self) -> Option<Value<'a>> {
        let number = self.number()?;
        let after = self.at;
        if self.rest().first() == Some(&b'.') {
            self.at += 1;
            self.at += self.rest().iter().take_while(|b| b.is_ascii_digit()).count();
            return Some(Value::Other);
        }
        if self.number() == Some(0) && self.keyword(b"R").is_some() {
            return u32::try_from(number).ok().map(Value::Reference);
        }
        self.at = after;
        Some(Value::Number(number))
    }
}
