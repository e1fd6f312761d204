//! IPP messages of a print job: what is asked and ordered, and what is read of an answer. A printer's answer is hostile: its texts become
//! printable ASCII, and a reader that dies of it is an answer that makes no sense.

use std::io::Cursor;
use std::panic::{AssertUnwindSafe, catch_unwind};

use ipp::attribute::{IppAttribute, IppAttributes};
use ipp::model::{DelimiterTag, IppVersion, Operation};
use ipp::parser::IppParser;
use ipp::reader::IppReader;
use ipp::request::IppRequestResponse;
use ipp::value::{IppName, IppValue};
use line::ports::{Media, PrintOrder, PrintProgress, PrintStage, PrinterFault, PrinterState};

pub const PRINTER_ATTRIBUTES: &[&str] = &[
    "printer-state",
    "printer-state-reasons",
    "printer-state-message",
    "printer-is-accepting-jobs",
    "operations-supported",
    "document-format-supported",
    "sides-supported",
    "print-scaling-supported",
    "media-supported",
    "media-ready",
    "media-col-ready",
];
pub const JOB_ATTRIBUTES: &[&str] = &["job-state", "job-state-reasons", "job-impressions-completed"];

const PDF: &str = "application/pdf";
/// Statuses from here on aren't success (RFC 8011 appendix B).
const NOT_SUCCESS: u16 = 0x0100;
/// IPP's number for a printer that has stopped.
const STOPPED: i32 = 5;
const TEXT_CHARS_MAX: usize = 120;
const TEXTS_MAX: usize = 64;
/// Sizes in IPP are hundredths of a millimetre already; inches are in names only.
const HUNDREDTHS_MM_OF_INCH: f64 = 2540.0;

/// A request, put together.
pub struct Request(IppRequestResponse);

impl Request {
    pub fn new(operation: Operation, uri: &str) -> Self {
        // Only a URI that is too long makes it fail, and none is given here.
        let request = IppRequestResponse::new(IppVersion::v2_0(), operation, None).expect("a request without an address");
        let mut made = Self(request);
        made.say(DelimiterTag::OperationAttributes, "printer-uri", IppValue::new_uri(uri));
        made
    }

    /// Names and values of ours fit IPP's limits; one that didn't would be left out, and the printer say so.
    fn say<E>(&mut self, group: DelimiterTag, name: &str, value: Result<IppValue, E>) {
        if let (Ok(name), Ok(value)) = (IppName::new(name), value) {
            self.0.attributes_mut().add(group, IppAttribute::new(name, value));
        }
    }

    pub fn asking(mut self, names: &[&str]) -> Self {
        let names = names.iter().filter_map(|name| IppValue::new_keyword(*name).ok()).collect();
        self.say::<()>(DelimiterTag::OperationAttributes, "requested-attributes", Ok(IppValue::Array(names)));
        self
    }

    pub fn about(mut self, printer_job: i32) -> Self {
        self.say::<()>(DelimiterTag::OperationAttributes, "job-id", Ok(IppValue::Integer(printer_job)));
        self
    }

    /// Everything the job is to be, without leave to do it otherwise.
    pub fn ordering(mut self, order: &PrintOrder) -> Self {
        let (operation, job) = (DelimiterTag::OperationAttributes, DelimiterTag::JobAttributes);
        self.say(operation, "requesting-user-name", IppValue::new_name_without_language(&order.who));
        self.say(operation, "job-name", IppValue::new_name_without_language(&order.name));
        self.say::<()>(operation, "ipp-attribute-fidelity", Ok(IppValue::Boolean(true)));
        self.say(operation, "document-format", IppValue::new_mime_media_type(PDF));
        self.say::<()>(job, "copies", Ok(IppValue::Integer(1)));
        self.say(job, "sides", IppValue::new_keyword(&order.sides));
        self.say::<()>(job, "media-col", Ok(media_col(&order.media)));
        if order.unscaled {
            self.say(job, "print-scaling", IppValue::new_keyword("none"));
        }
        self
    }

    pub fn into_bytes(mut self, number: i32) -> Vec<u8> {
        self.0.header_mut().request_id = number;
        self.0.to_bytes().to_vec()
    }
}

fn media_col(media: &Media) -> IppValue {
    let named = |pairs: Vec<(&str, IppValue)>| {
        let members = pairs.into_iter().filter_map(|(name, value)| Some((IppName::new(name).ok()?, value)));
        IppValue::Collection(members.collect())
    };
    let size = vec![("x-dimension", IppValue::Integer(media.x_hundredths_mm)), ("y-dimension", IppValue::Integer(media.y_hundredths_mm))];
    named(vec![("media-size", named(size))])
}

/// An answer, read.
pub struct Answer {
    status: u16,
    attributes: IppAttributes,
}

impl Answer {
    pub fn read(bytes: Vec<u8>, number: i32) -> Result<Self, PrinterFault> {
        let makes_no_sense = || PrinterFault::NoAnswer("an answer that makes no sense".to_owned());
        // The parser takes lengths in texts with a language on trust and slices beyond their end.
        let parsed = catch_unwind(AssertUnwindSafe(|| IppParser::new(IppReader::new(Cursor::new(bytes))).parse_parts()));
        let (header, attributes, _) = parsed.map_err(|_| makes_no_sense())?.map_err(|_| makes_no_sense())?;
        if header.request_id != number {
            return Err(PrinterFault::NoAnswer("an answer to another question".to_owned()));
        }
        Ok(Self { status: header.operation_or_status as u16, attributes })
    }

    pub fn good(self) -> Result<Self, PrinterFault> {
        if self.status < NOT_SUCCESS {
            return Ok(self);
        }
        let text = self.texts(DelimiterTag::OperationAttributes, "status-message").into_iter().next().unwrap_or_default();
        Err(PrinterFault::Status { status: self.status, text })
    }

    fn values(&self, group: DelimiterTag, name: &str) -> Vec<&IppValue> {
        match self.attributes.first_of(group).and_then(|g| g.get(name)).map(IppAttribute::value) {
            None => Vec::new(),
            Some(IppValue::Array(values)) => values.iter().collect(),
            Some(value) => vec![value],
        }
    }

    fn texts(&self, group: DelimiterTag, name: &str) -> Vec<String> {
        self.values(group, name).into_iter().filter_map(text).take(TEXTS_MAX).collect()
    }

    fn number(&self, group: DelimiterTag, name: &str) -> Option<i32> {
        self.values(group, name).into_iter().find_map(number)
    }

    pub fn printer_state(&self) -> PrinterState {
        let printer = DelimiterTag::PrinterAttributes;
        let operations: Vec<i32> = self.values(printer, "operations-supported").into_iter().filter_map(number).collect();
        let can = |operation: Operation| operations.contains(&(operation as i32));
        let mut reasons = self.texts(printer, "printer-state-reasons");
        reasons.retain(|r| r != "none");
        reasons.extend(self.texts(printer, "printer-state-message"));
        let by_name = |name: &str| -> Vec<Media> { self.texts(printer, name).into_iter().map(media_named).collect() };
        let loaded: Vec<Media> = self.values(printer, "media-col-ready").into_iter().filter_map(media_of).collect();
        let says = |name: &str| self.attributes.first_of(printer).is_some_and(|g| g.get(name).is_some());
        PrinterState {
            accepting: self.values(printer, "printer-is-accepting-jobs").into_iter().any(|v| matches!(v, IppValue::Boolean(true))),
            stopped: self.number(printer, "printer-state") == Some(STOPPED),
            reasons,
            takes_pdf: self.texts(printer, "document-format-supported").iter().any(|f| f == PDF),
            prints_jobs: can(Operation::PrintJob) && can(Operation::GetJobAttributes),
            validates: can(Operation::ValidateJob),
            sides: self.texts(printer, "sides-supported"),
            scalings: self.texts(printer, "print-scaling-supported"),
            media: by_name("media-supported"),
            media_ready: match loaded.is_empty() {
                false => Some(loaded),
                true if says("media-ready") || says("media-col-ready") => Some(by_name("media-ready")),
                true => None,
            },
        }
    }

    pub fn printer_job(&self) -> Result<i32, PrinterFault> {
        let number = self.number(DelimiterTag::JobAttributes, "job-id").filter(|n| *n > 0);
        number.ok_or_else(|| PrinterFault::NoAnswer("it took the job and gave no number".to_owned()))
    }

    pub fn progress(&self) -> Result<PrintProgress, PrinterFault> {
        let job = DelimiterTag::JobAttributes;
        let stage = match self.number(job, "job-state") {
            Some(3..=6) => PrintStage::UnderWay,
            Some(7) => PrintStage::Canceled,
            Some(8) => PrintStage::Aborted,
            Some(9) => PrintStage::Completed,
            _ => return Err(PrinterFault::NoAnswer("it doesn't say how the job stands".to_owned())),
        };
        let impressions = self.number(job, "job-impressions-completed").and_then(|n| u32::try_from(n).ok());
        let mut reasons = self.texts(job, "job-state-reasons");
        reasons.retain(|r| r != "none");
        Ok(PrintProgress { stage, impressions, reasons })
    }
}

fn number(value: &IppValue) -> Option<i32> {
    match value {
        IppValue::Integer(n) | IppValue::Enum(n) => Some(*n),
        _ => None,
    }
}

fn text(value: &IppValue) -> Option<String> {
    Some(plain(match value {
        IppValue::Keyword(t) => t.as_str(),
        IppValue::NameWithoutLanguage(t) | IppValue::NameWithLanguage { name: t, .. } => t.as_str(),
        IppValue::MimeMediaType(t) => t.as_str(),
        IppValue::TextWithoutLanguage(t) | IppValue::TextWithLanguage { text: t, .. } => t,
        _ => return None,
    }))
}

/// Fit for a terminal.
pub fn plain(text: &str) -> String {
    text.chars().take(TEXT_CHARS_MAX).map(|c| if c.is_ascii_graphic() || c == ' ' { c } else { '?' }).collect()
}

fn member<'a>(value: &'a IppValue, name: &str) -> Option<&'a IppValue> {
    let IppValue::Collection(members) = value else { return None };
    members.iter().find(|(n, _)| n.as_str() == name).map(|(_, value)| value)
}

/// A size of `media-col-ready`.
fn media_of(value: &IppValue) -> Option<Media> {
    let size = member(value, "media-size")?;
    let side = |name: &str| member(size, name).and_then(number);
    let name = ["media-size-name", "media-key"].into_iter().find_map(|n| member(value, n).and_then(text));
    Some(Media { name: name.unwrap_or_else(|| "media".to_owned()), x_hundredths_mm: side("x-dimension")?, y_hundredths_mm: side("y-dimension")? })
}

/// A self-describing name (PWG 5101.1): `iso_id-1_53.98x85.6mm`. Of another name the size isn't known.
fn media_named(name: String) -> Media {
    let size = || {
        let last = name.rsplit('_').next()?;
        let (sides, unit) = match (last.strip_suffix("mm"), last.strip_suffix("in")) {
            (Some(sides), _) => (sides, 100.0),
            (_, Some(sides)) => (sides, HUNDREDTHS_MM_OF_INCH),
            _ => return None,
        };
        let (x, y) = sides.split_once('x')?;
        let side = |t: &str| t.parse::<f64>().ok().map(|v| (v * unit).round() as i32);
        Some((side(x)?, side(y)?))
    };
    let (x_hundredths_mm, y_hundredths_mm) = size().unwrap_or((0, 0));
    Media { name, x_hundredths_mm, y_hundredths_mm }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// An answer to question 7 with these bytes after its header.
    fn answer(status: u16, groups: &[u8]) -> Vec<u8> {
        [&[2, 0][..], &status.to_be_bytes(), &7_i32.to_be_bytes(), groups, &[3]].concat()
    }

    fn value(tag: u8, name: &str, content: &[u8]) -> Vec<u8> {
        let length = |bytes: &[u8]| (bytes.len() as u16).to_be_bytes();
        [&[tag][..], &length(name.as_bytes()), name.as_bytes(), &length(content), content].concat()
    }

    fn read(groups: &[u8]) -> Result<Answer, PrinterFault> {
        Answer::read(answer(0, groups), 7)
    }

    #[test]
    fn an_answer_cut_anywhere_or_with_any_byte_changed_never_ends_the_program() {
        let state = [vec![4], value(0x23, "printer-state", &3_i32.to_be_bytes()), value(0x35, "printer-state-message", b"\0\x02en\0\x02ok")].concat();
        let whole = answer(0, &state);
        assert_eq!(Answer::read(whole.clone(), 7).unwrap_or_else(|e| panic!("{e}")).printer_state().reasons, ["ok"]);
        for end in 0..whole.len() {
            assert!(Answer::read(whole[..end].to_vec(), 7).is_err(), "cut at {end}");
        }
        for at in 0..whole.len() {
            for flip in [0x01, 0x80, 0xff] {
                let mut changed = whole.clone();
                changed[at] ^= flip;
                let _ = Answer::read(changed, 7).map(|a| a.printer_state());
            }
        }
        assert!(Answer::read(whole, 8).is_err(), "an answer to another question");
    }

    #[test]
    fn texts_of_a_printer_are_fit_for_a_terminal() {
        let group = [vec![1], value(0x41, "status-message", "\x1b[2J关闭\n".as_bytes())].concat();
        let Err(PrinterFault::Status { status, text }) = Answer::read(answer(0x0506, &group), 7).and_then(Answer::good) else { panic!("a refusal") };
        assert_eq!((status, text.as_str()), (0x0506, "?[2J???"));
        assert_eq!(plain(&"a".repeat(500)).len(), TEXT_CHARS_MAX);
    }

    #[test]
    fn a_job_stands_where_its_state_says() {
        let stands = |state: i32, impressions: i32| {
            let group =
                [vec![2], value(0x23, "job-state", &state.to_be_bytes()), value(0x21, "job-impressions-completed", &impressions.to_be_bytes())].concat();
            read(&group).and_then(|a| a.progress()).map(|p| (p.stage, p.impressions))
        };
        for (state, stage) in [
            (3, PrintStage::UnderWay),
            (4, PrintStage::UnderWay),
            (5, PrintStage::UnderWay),
            (6, PrintStage::UnderWay),
            (7, PrintStage::Canceled),
            (8, PrintStage::Aborted),
            (9, PrintStage::Completed),
        ] {
            assert_eq!(stands(state, 12), Ok((stage, Some(12))));
        }
        assert_eq!(stands(9, -1), Ok((PrintStage::Completed, None)), "a count that can't be");
        assert!(stands(2, 0).is_err() && stands(10, 0).is_err());
        let job = |id: i32| read(&[vec![2], value(0x21, "job-id", &id.to_be_bytes())].concat()).and_then(|a| a.printer_job());
        assert!(job(5) == Ok(5) && job(0).is_err() && job(-5).is_err() && read(&[2]).and_then(|a| a.printer_job()).is_err());
    }

    #[test]
    fn media_is_read_from_collections_and_from_names() {
        let size = |name: &str| {
            let Media { x_hundredths_mm: x, y_hundredths_mm: y, .. } = media_named(name.to_owned());
            (x, y)
        };
        assert_eq!([size("iso_id-1_53.98x85.6mm"), size("na_letter_8.5x11in")], [(5398, 8560), (21_590, 27_940)]);
        for unknown in ["", "iso-a4", "x_1mm", "x_axbmm", "x_NaNxinfmm"] {
            assert!(size(unknown).0 == 0, "{unknown}");
        }
        let loaded = read(&[vec![4], value(0x44, "media-ready", b"iso_id-1_53.98x85.6mm")].concat()).map(|a| a.printer_state().media_ready);
        assert_eq!(loaded.map(|m| m.map(|m| m.len())), Ok(Some(1)));
        assert_eq!(read(&[4]).map(|a| a.printer_state().media_ready), Ok(None), "it doesn't say");
    }
}
