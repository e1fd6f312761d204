//! The courier's file of what became of mail and boxes: four columns, read strictly (docs/formats/deliveries.md). What a line means for
//! the plant is looked up elsewhere.

use card::{BatchId, Code, card_number};
use ledger::entry::{DeliveryCause, DeliveryState, Millis};
use ledger::fault::Fault;

use crate::package::manifest::instant;

/// Heading of the file, in order.
pub const COLUMNS: [&str; 4] = ["order", "state", "time", "cause"];

/// A file is at most this large.
pub const FILE_BYTES_MAX: u64 = 16 << 20;
/// And has at most so many lines: one ledger entry holds them all.
pub const LINES_MAX: usize = 200_000;

/// Digits of the position in a mail order, and of the number in a bundle's reference (at least).
const POSITION_DIGITS: usize = 6;
const BUNDLE_DIGITS: usize = 4;

/// One line, understood by itself.
#[derive(Clone, PartialEq, Eq)]
pub struct Row {
    /// Line of the file, the heading's is 1.
    pub line: u64,
    pub reference: Reference,
    pub state: DeliveryState,
    pub cause: Option<DeliveryCause>,
    pub at: Millis,
}

/// What the order column names.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Reference {
    /// Card number, where both codes of the label were scanned.
    pub card: Option<String>,
    pub batch: BatchId,
    pub within: Within,
}

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Within {
    /// 1-based position of the card.
    Mail(u32),
    /// 1-based number of the bundle.
    Bundle(u32),
}

/// All lines of a file.
///
/// # Errors
/// DLV-07 with the first line that is wrong.
pub fn read(bytes: &[u8]) -> Result<Vec<Row>, Fault> {
    let refused = |text: String| Fault::refused(Code::Dlv07, text);
    if bytes.len() as u64 > FILE_BYTES_MAX {
        return Err(refused(format!("{} bytes, at most {FILE_BYTES_MAX}", bytes.len())));
    }
    let text = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let mut reader = csv::ReaderBuilder::new().flexible(true).from_reader(text);
    let broken = |line: u64| refused(format!("line {line}: not UTF-8 CSV"));
    let heading = reader.headers().map_err(|_| broken(1))?;
    if heading.iter().ne(COLUMNS) {
        return Err(refused(format!("line 1: the heading is not {}", COLUMNS.join(","))));
    }
    let mut rows = Vec::new();
    for (line, record) in (2..).zip(reader.records()) {
        let record = record.map_err(|_| broken(line))?;
        if rows.len() == LINES_MAX {
            return Err(refused(format!("line {line}: more than {LINES_MAX} lines")));
        }
        rows.push(row(line, &record).map_err(|why| refused(format!("line {line}: {why}")))?);
    }
    Ok(rows)
}

/// What is wrong is said without repeating what stands there: it may be anything.
fn row(line: u64, record: &csv::StringRecord) -> Result<Row, &'static str> {
    let columns: Vec<&str> = record.iter().map(str::trim).collect();
    let [order, state, time, cause] = columns[..] else { return Err("not 4 columns") };
    let reference = reference(order).ok_or("order is neither one of a mail label nor of a bundle's list")?;
    let state = DeliveryState::ALL.into_iter().find(|s| s.name() == state).ok_or("state is not delivered, returned or failed")?;
    let at = instant(time).ok_or("time is not RFC 3339 with an offset")?;
    let named = DeliveryCause::ALL.into_iter().find(|c| c.name() == cause);
    let cause = match (state, named) {
        (DeliveryState::Delivered, None) if cause.is_empty() => None,
        (DeliveryState::Delivered, _) => return Err("what was delivered has no cause"),
        (_, Some(named)) => Some(named),
        (_, None) => return Err("cause is not one of the list"),
    };
    Ok(Row { line, reference, state, cause, at })
}

/// `B20250601-01-000123`, with or without the card number before it, or `B20250601-01-0007`.
fn reference(text: &str) -> Option<Reference> {
    let (card, order) = match text.split_once('-') {
        Some((number, rest)) if card_number::is_valid(number) => (Some(number.to_owned()), rest),
        _ => (None, text),
    };
    let (batch, digits) = order.rsplit_once('-')?;
    let batch = BatchId::parse(batch).ok()?;
    let number = digits.parse::<u32>().ok().filter(|n| *n > 0)?;
    let written = |width: usize| format!("{number:0width$}") == digits;
    let within = match digits.len() {
        POSITION_DIGITS.. if written(POSITION_DIGITS) => Within::Mail(number),
        BUNDLE_DIGITS.. if written(BUNDLE_DIGITS) && card.is_none() => Within::Bundle(number),
        _ => return None,
    };
    Some(Reference { card, batch, within })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn why(text: impl AsRef<[u8]>) -> String {
        read(text.as_ref()).err().map_or_else(String::new, |fault| fault.to_string())
    }

    fn file(rows: &str) -> String {
        format!("order,state,time,cause\r\n{rows}")
    }

    #[test]
    fn an_order_is_read_as_it_is_printed() {
        let within = |text: &str| reference(text).map(|r| (r.card.is_some(), r.within));
        assert_eq!(within("B20250601-01-000123"), Some((false, Within::Mail(123))));
        assert_eq!(within("A00000003-B20250601-01-000123"), Some((true, Within::Mail(123))));
        assert_eq!(within("B20250601-01-0007"), Some((false, Within::Bundle(7))));
        assert_eq!(within("B20250601-01-12345"), Some((false, Within::Bundle(12_345))));
        assert_eq!(within("B20250601-01-1234567"), Some((false, Within::Mail(1_234_567))));
        for wrong in [
            "",
            "-",
            "B20250601-01",
            "B20250601-01-",
            "B20250601-01-7",
            "B20250601-01-00007",
            "B20250601-01-0000123",
            "B20250601-01-000000",
            "B20250601-01-+00012",
            "B20250601-01-99999999999",
            "A00000004-B20250601-01-000123",
            "A00000003-B20250601-01-0007",
            "../../x-000001",
            "ＢB20250601-01-000123",
        ] {
            assert_eq!(within(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn lines_are_read_and_wrong_ones_named_without_repeating_them() {
        let good = file("B20250601-01-000001,delivered,2025-06-04T08:00:00Z,\r\n\"B20250601-01-0002\",returned,2025-06-05T16:00:00+08:00,refused\r\n");
        let rows = read(format!("\u{feff}{good}").as_bytes()).unwrap_or_else(|e| panic!("{e}"));
        assert_eq!(
            rows.iter().map(|r| (r.line, r.state, r.cause)).collect::<Vec<_>>(),
            [(2, DeliveryState::Delivered, None), (3, DeliveryState::Returned, Some(DeliveryCause::Refused))]
        );
        assert_eq!(rows[1].at - rows[0].at, 86_400_000);
        assert!(read(file("").as_bytes()).is_ok_and(|rows| rows.is_empty()));
        for (row, told) in [
            ("B20250601-01-000001,lost,2025-06-04T08:00:00Z,", "line 2: state"),
            ("B20250601-01-000001,Delivered,2025-06-04T08:00:00Z,", "line 2: state"),
            ("B20250601-01-000001,delivered,2025-06-04 08:00:00,", "line 2: time"),
            ("B20250601-01-000001,delivered,2025-06-04T08:00:00,", "line 2: time"),
            ("B20250601-01-000001,delivered,2025-06-04T08:00:00Z,refused", "line 2: what was delivered"),
            ("B20250601-01-000001,failed,2025-06-04T08:00:00Z,", "line 2: cause"),
            ("B20250601-01-000001,failed,2025-06-04T08:00:00Z,moved to LI WEI", "line 2: cause"),
            ("B20250601-01-000001,delivered,2025-06-04T08:00:00Z", "line 2: not 4 columns"),
            ("B20250601-01-000001,delivered,2025-06-04T08:00:00Z,,", "line 2: not 4 columns"),
            ("=cmd(),delivered,2025-06-04T08:00:00Z,", "line 2: order"),
        ] {
            let said = why(file(row));
            assert!(said.starts_with("DLV-07") && said.contains(told) && !said.contains("LI WEI") && !said.contains("cmd"), "{row}: {said}");
        }
    }

    #[test]
    fn what_is_no_such_file_is_refused() {
        for text in ["", "order,state,time\r\n", "order;state;time;cause\r\n", "state,order,time,cause\r\n", "PK\u{3}\u{4}"] {
            assert!(why(text).contains("line 1: the heading"), "{text:?}");
        }
        assert!(why(b"order,state,time,cause\r\nB20250601-01-000001,\xff\xfe,x,\r\n").contains("line 2: not UTF-8 CSV"));
        assert!(why(vec![b'x'; FILE_BYTES_MAX as usize + 1]).contains("at most 16777216"));
        let many = file(&"B20250601-01-000001,delivered,2025-06-04T08:00:00Z,\n".repeat(LINES_MAX + 1));
        assert!(why(many).contains("more than 200000 lines"));
    }
}
