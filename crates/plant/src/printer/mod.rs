//! A printer over IPP (RFC 8010, 8011): HTTP to the one address it was registered with, TLS verified where that says so, every wait
//! bounded. What the messages say is `message.rs`'; when a job may be sent is the line's business (docs/decisions/0012-ipp.md).

mod message;

use std::io::Read;
use std::net::ToSocketAddrs;
use std::sync::Arc;
use std::time::Duration;

use card::Code;
use ledger::fault::Fault;
use line::ports::{PrintOrder, PrintProgress, Printer, PrinterFault, PrinterState};
use line::print::Address;
use ureq::tls::{Certificate, PemItem, RootCerts, TlsConfig, TlsProvider, parse_pem};
use ureq::{Agent, SendBody};

use message::{Answer, Request};

/// An answer is a few kilobytes; a list of every media a large printer knows a few hundred.
const ANSWER_BYTES_MAX: u64 = 4 << 20;
const PAUSE: Duration = Duration::from_millis(500);

/// How long a printer may take.
#[derive(Clone, Copy)]
pub struct Waits {
    pub connect: Duration,
    /// Over an answer to a question.
    pub answer: Duration,
    /// Over taking a job: some print while they read.
    pub job: Duration,
}

/// Whose certificates are believed.
pub enum Roots {
    /// The machine's.
    System,
    /// These alone, in PEM.
    Pem(Vec<u8>),
}

/// A printer at an address.
pub struct IppPrinter {
    address: Address,
    agent: Agent,
    waits: Waits,
    requests: i32,
}

impl IppPrinter {
    /// Connects to nothing yet.
    ///
    /// # Errors
    /// PRN-02: the name of this machine leads elsewhere. PRN-03: no certificate can be believed.
    pub fn new(address: Address, roots: &Roots, waits: Waits) -> Result<Self, Fault> {
        if !address.secure {
            leads_here(&address)?;
        }
        let certificates = if address.secure { certificates(roots)? } else { Vec::new() };
        let tls = TlsConfig::builder()
            .provider(TlsProvider::Rustls)
            .unversioned_rustls_crypto_provider(Arc::new(rustls::crypto::ring::default_provider()))
            .root_certs(RootCerts::Specific(Arc::new(certificates)))
            .build();
        // What goes to a printer goes there directly, and nowhere else: no proxy of the environment, no redirect.
        let config = Agent::config_builder()
            .tls_config(tls)
            .https_only(address.secure)
            .proxy(None)
            .max_redirects(0)
            .max_redirects_will_error(false)
            .http_status_as_error(false)
            .max_idle_connections(0)
            .timeout_connect(Some(waits.connect))
            .user_agent("cardline")
            .build();
        Ok(Self { address, agent: config.into(), waits, requests: 0 })
    }

    fn ask(&mut self, request: Request, document: &[u8], wait: Duration) -> Result<Answer, PrinterFault> {
        self.requests = self.requests.wrapping_add(1) & i32::MAX;
        let head = request.into_bytes(self.requests);
        let length = head.len() + document.len();
        let mut body = head.as_slice().chain(document);
        let answer = self
            .agent
            .post(self.address.http())
            .config()
            .timeout_global(Some(wait))
            .build()
            .header("content-type", "application/ipp")
            .header("content-length", length.to_string())
            .send(SendBody::from_reader(&mut body))
            .map_err(no_answer)?;
        if answer.status().as_u16() != 200 {
            return Err(PrinterFault::NoAnswer(format!("HTTP status {}", answer.status().as_u16())));
        }
        let bytes = answer.into_body().into_with_config().limit(ANSWER_BYTES_MAX).read_to_vec().map_err(no_answer)?;
        Answer::read(bytes, self.requests)?.good()
    }

    fn question(&self, operation: ipp::model::Operation) -> Request {
        Request::new(operation, &self.address.to_string())
    }
}

impl Printer for IppPrinter {
    fn state(&mut self) -> Result<PrinterState, PrinterFault> {
        let request = self.question(ipp::model::Operation::GetPrinterAttributes).asking(message::PRINTER_ATTRIBUTES);
        Ok(self.ask(request, &[], self.waits.answer)?.printer_state())
    }

    fn validate(&mut self, order: &PrintOrder) -> Result<(), PrinterFault> {
        let request = self.question(ipp::model::Operation::ValidateJob).ordering(order);
        self.ask(request, &[], self.waits.answer).map(drop)
    }

    fn print(&mut self, order: &PrintOrder, pdf: &[u8]) -> Result<i32, PrinterFault> {
        let request = self.question(ipp::model::Operation::PrintJob).ordering(order);
        self.ask(request, pdf, self.waits.job)?.printer_job()
    }

    fn progress(&mut self, printer_job: i32) -> Result<PrintProgress, PrinterFault> {
        let request = self.question(ipp::model::Operation::GetJobAttributes).about(printer_job).asking(message::JOB_ATTRIBUTES);
        self.ask(request, &[], self.waits.answer)?.progress()
    }

    fn pause(&mut self) {
        std::thread::sleep(PAUSE);
    }
}

fn no_answer(error: ureq::Error) -> PrinterFault {
    PrinterFault::NoAnswer(message::plain(&error.to_string()))
}

/// A name of this machine must lead to it: nothing else is reached without TLS.
fn leads_here(address: &Address) -> Result<(), Fault> {
    let refused = |why: String| Fault::refused(Code::Prn02, format!("{address}: {why}"));
    let mut found = (address.host.as_str(), address.port).to_socket_addrs().map_err(|e| refused(format!("{} leads nowhere: {e}", address.host)))?;
    if found.all(|a| a.ip().is_loopback()) { Ok(()) } else { Err(refused(format!("{} doesn't lead to this machine", address.host))) }
}

fn certificates(roots: &Roots) -> Result<Vec<Certificate<'static>>, Fault> {
    let found: Vec<Certificate<'static>> = match roots {
        Roots::System => rustls_native_certs::load_native_certs().certs.iter().map(|c| Certificate::from_der(c).to_owned()).collect(),
        Roots::Pem(pem) => parse_pem(pem).filter_map(|item| if let Ok(PemItem::Certificate(c)) = item { Some(c) } else { None }).collect(),
    };
    let whose = if matches!(roots, Roots::System) { "this machine has" } else { "[print] ca holds" };
    if found.is_empty() { Err(Fault::refused(Code::Prn03, format!("{whose} no certificate"))) } else { Ok(found) }
}
