//! A printer over IPP that answers what a test wants, and keeps what it got. It reads and writes the messages itself, so that it shares
//! no mistake with the program's own reader.

use std::collections::BTreeMap;
use std::io::{Read as _, Write as _};
use std::net::{Ipv4Addr, Shutdown, TcpListener, TcpStream};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

pub const PRINT_JOB: u16 = 0x0002;
pub const VALIDATE_JOB: u16 = 0x0004;
pub const GET_JOB: u16 = 0x0009;
pub const GET_PRINTER: u16 = 0x000b;

const OPERATION: u8 = 1;
const JOB: u8 = 2;
const END: u8 = 3;
const PRINTER: u8 = 4;
const INTEGER: u8 = 0x21;
const BOOLEAN: u8 = 0x22;
const ENUM: u8 = 0x23;
const BEGIN: u8 = 0x34;
const END_OF_COLLECTION: u8 = 0x37;
const TEXT: u8 = 0x41;
const KEYWORD: u8 = 0x44;
const CHARSET: u8 = 0x47;
const LANGUAGE: u8 = 0x48;
const MIME: u8 = 0x49;
const MEMBER: u8 = 0x4a;

/// What it does with a request.
pub enum Reply {
    /// An IPP answer of this status and these groups.
    Status(u16, Vec<u8>),
    /// An HTTP answer as it stands here; `#` is where the request's number belongs.
    Raw(Vec<u8>),
    /// Reads half of what comes and hangs up.
    HangUp,
    /// Reads all of it and hangs up.
    HangUpAfter,
}

/// A request as it came.
#[derive(Clone)]
pub struct Got {
    pub operation: u16,
    /// Values by name, members of collections among them.
    pub values: BTreeMap<String, Vec<Vec<u8>>>,
    pub document: Vec<u8>,
}

impl Got {
    pub fn text(&self, name: &str) -> String {
        self.values.get(name).and_then(|v| v.first()).map(|v| String::from_utf8_lossy(v).into_owned()).unwrap_or_default()
    }

    pub fn number(&self, name: &str) -> Option<i32> {
        self.values.get(name)?.first()?.as_slice().try_into().ok().map(i32::from_be_bytes)
    }
}

pub struct IppPrinter {
    pub port: u16,
    got: Arc<Mutex<Vec<Got>>>,
}

impl IppPrinter {
    /// Answers every request by `script`, which is told what came and how many of that operation came before.
    pub fn start(script: impl Fn(&Got, usize) -> Reply + Send + 'static) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let port = listener.local_addr().unwrap().port();
        let got: Arc<Mutex<Vec<Got>>> = Arc::default();
        let kept = Arc::clone(&got);
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let _ = serve(stream, &kept, &script);
            }
        });
        Self { port, got }
    }

    pub fn uri(&self) -> String {
        format!("ipp://localhost:{}/ipp/print", self.port)
    }

    pub fn got(&self, operation: u16) -> Vec<Got> {
        self.got.lock().unwrap_or_else(PoisonError::into_inner).iter().filter(|g| g.operation == operation).cloned().collect()
    }
}

/// A printer with cards in it that prints everything.
pub fn fine(got: &Got, before: usize) -> Reply {
    match got.operation {
        GET_PRINTER => Reply::Status(0, printer(&[(5398, 8560)])),
        VALIDATE_JOB => Reply::Status(0, Vec::new()),
        PRINT_JOB => Reply::Status(0, job(41 + before as i32, 3, 0)),
        GET_JOB => Reply::Status(0, job(41, 9, 80)),
        _ => Reply::Status(0x0501, Vec::new()),
    }
}

/// As [`fine`], but for one operation.
pub fn fine_but(operation: u16, reply: impl Fn(usize) -> Reply + Send + 'static) -> impl Fn(&Got, usize) -> Reply + Send + 'static {
    move |got, before| if got.operation == operation { reply(before) } else { fine(got, before) }
}

/// A printer's attributes, with this media loaded.
pub fn printer(media: &[(i32, i32)]) -> Vec<u8> {
    let mut out = vec![PRINTER];
    value(&mut out, ENUM, "printer-state", &3_i32.to_be_bytes());
    value(&mut out, KEYWORD, "printer-state-reasons", b"none");
    value(&mut out, BOOLEAN, "printer-is-accepting-jobs", &[1]);
    for (nth, operation) in [PRINT_JOB, VALIDATE_JOB, GET_JOB, GET_PRINTER].into_iter().enumerate() {
        value(&mut out, ENUM, if nth == 0 { "operations-supported" } else { "" }, &i32::from(operation).to_be_bytes());
    }
    value(&mut out, MIME, "document-format-supported", b"application/octet-stream");
    value(&mut out, MIME, "", b"application/pdf");
    value(&mut out, KEYWORD, "sides-supported", b"one-sided");
    value(&mut out, KEYWORD, "", b"two-sided-long-edge");
    value(&mut out, KEYWORD, "print-scaling-supported", b"none");
    for (nth, (x, y)) in media.iter().enumerate() {
        value(&mut out, BEGIN, if nth == 0 { "media-col-ready" } else { "" }, b"");
        value(&mut out, MEMBER, "", b"media-size");
        value(&mut out, BEGIN, "", b"");
        for (name, side) in [("x-dimension", x), ("y-dimension", y)] {
            value(&mut out, MEMBER, "", name.as_bytes());
            value(&mut out, INTEGER, "", &side.to_be_bytes());
        }
        value(&mut out, END_OF_COLLECTION, "", b"");
        value(&mut out, MEMBER, "", b"media-size-name");
        value(&mut out, KEYWORD, "", format!("tray_{nth}").as_bytes());
        value(&mut out, END_OF_COLLECTION, "", b"");
    }
    out
}

/// A job's attributes.
pub fn job(id: i32, state: i32, impressions: i32) -> Vec<u8> {
    let mut out = vec![JOB];
    value(&mut out, INTEGER, "job-id", &id.to_be_bytes());
    value(&mut out, ENUM, "job-state", &state.to_be_bytes());
    value(&mut out, KEYWORD, "job-state-reasons", b"none");
    value(&mut out, INTEGER, "job-impressions-completed", &impressions.to_be_bytes());
    out
}

pub fn value(out: &mut Vec<u8>, tag: u8, name: &str, content: &[u8]) {
    out.push(tag);
    for bytes in [name.as_bytes(), content] {
        out.extend_from_slice(&(bytes.len() as u16).to_be_bytes());
        out.extend_from_slice(bytes);
    }
}

/// An IPP message in an HTTP answer; `number` is the request's own.
pub fn answer(status: u16, number: [u8; 4], groups: &[u8]) -> Vec<u8> {
    let mut ipp = vec![2, 0];
    ipp.extend_from_slice(&status.to_be_bytes());
    ipp.extend_from_slice(&number);
    ipp.push(OPERATION);
    value(&mut ipp, CHARSET, "attributes-charset", b"utf-8");
    value(&mut ipp, LANGUAGE, "attributes-natural-language", b"en");
    value(&mut ipp, TEXT, "status-message", b"as the test wants\x1b[2J");
    ipp.extend_from_slice(groups);
    ipp.push(END);
    http(&ipp)
}

pub fn http(body: &[u8]) -> Vec<u8> {
    let head = format!("HTTP/1.1 200 OK\r\nContent-Type: application/ipp\r\nContent-Length: {}\r\nConnection: close\r\n\r\n", body.len());
    [head.as_bytes(), body].concat()
}

fn serve(mut stream: TcpStream, kept: &Mutex<Vec<Got>>, script: &dyn Fn(&Got, usize) -> Reply) -> std::io::Result<()> {
    let (mut head, mut byte) = (Vec::new(), [0]);
    while !head.ends_with(b"\r\n\r\n") {
        stream.read_exact(&mut byte)?;
        head.push(byte[0]);
    }
    let head = String::from_utf8_lossy(&head).to_ascii_lowercase();
    let length: usize = head.lines().find_map(|l| l.strip_prefix("content-length: ")).and_then(|l| l.trim().parse().ok()).expect("a length");
    let mut front = [0; 8];
    stream.read_exact(&mut front)?;
    let number = [front[4], front[5], front[6], front[7]];
    let mut got = Got { operation: u16::from_be_bytes([front[2], front[3]]), values: BTreeMap::new(), document: Vec::new() };
    let before = { kept.lock().unwrap_or_else(PoisonError::into_inner).iter().filter(|g| g.operation == got.operation).count() };
    let reply = script(&got, before);
    let mut body = vec![0; if matches!(reply, Reply::HangUp) { length / 2 } else { length - front.len() }];
    stream.read_exact(&mut body)?;
    (got.values, got.document) = read(&body);
    kept.lock().unwrap_or_else(PoisonError::into_inner).push(got);
    match reply {
        Reply::Status(status, groups) => stream.write_all(&answer(status, number, &groups))?,
        Reply::Raw(bytes) => {
            let bytes: Vec<u8> = bytes.iter().flat_map(|b| if *b == b'#' { number.to_vec() } else { vec![*b] }).collect();
            stream.write_all(&bytes)?;
        }
        Reply::HangUp | Reply::HangUpAfter => {}
    }
    stream.shutdown(Shutdown::Both)
}

/// Attributes by name, and what follows them.
fn read(body: &[u8]) -> (BTreeMap<String, Vec<Vec<u8>>>, Vec<u8>) {
    let (mut values, mut at, mut name): (BTreeMap<String, Vec<Vec<u8>>>, _, _) = (BTreeMap::new(), 0, String::new());
    let piece = |at: &mut usize| -> Option<Vec<u8>> {
        let length = usize::from(u16::from_be_bytes([*body.get(*at)?, *body.get(*at + 1)?]));
        let piece = body.get(*at + 2..*at + 2 + length)?.to_vec();
        *at += 2 + length;
        Some(piece)
    };
    while let Some(tag) = body.get(at).copied() {
        at += 1;
        match tag {
            END => return (values, body[at..].to_vec()),
            OPERATION | JOB | PRINTER => {}
            _ => {
                let (Some(own), Some(content)) = (piece(&mut at), piece(&mut at)) else { break };
                if !own.is_empty() {
                    name = String::from_utf8_lossy(&own).into_owned();
                }
                match tag {
                    MEMBER => name = String::from_utf8_lossy(&content).into_owned(),
                    BEGIN | END_OF_COLLECTION => {}
                    _ => values.entry(name.clone()).or_default().push(content),
                }
            }
        }
    }
    (values, Vec::new())
}
