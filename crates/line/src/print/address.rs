//! The address of a printer reached over IPP (docs/formats/printing.md): `ipps://` anywhere, `ipp://` on this machine only, in one
//! spelling. Resolves no names and opens no connections.

use std::fmt;
use std::net::{Ipv4Addr, Ipv6Addr};

use card::Code;
use ledger::fault::Fault;

/// IPP's own port, with and without TLS (RFC 8010, RFC 7472).
pub const PORT: u16 = 631;
const ADDRESS_CHARS_MAX: usize = 200;

/// Where a printer is.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Address {
    pub secure: bool,
    /// A name, an IPv4 address, or an IPv6 address without brackets.
    pub host: String,
    pub port: u16,
    /// Begins with `/`.
    pub path: String,
}

impl Address {
    /// # Errors
    /// PRN-02, with what is wrong.
    pub fn parse(text: &str) -> Result<Self, Fault> {
        parse(text).map_err(|why| Fault::refused(Code::Prn02, format!("{why}: {}", text.escape_default())))
    }

    /// The same place for HTTP, which carries IPP.
    #[must_use]
    pub fn http(&self) -> String {
        let (scheme, port) = (if self.secure { "https" } else { "http" }, self.port);
        format!("{scheme}://{}:{port}{}", self.bracketed(), self.path)
    }

    fn bracketed(&self) -> String {
        if self.host.contains(':') { format!("[{}]", self.host) } else { self.host.clone() }
    }
}

/// The one spelling: the port only where it isn't IPP's own.
impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scheme = if self.secure { "ipps" } else { "ipp" };
        write!(f, "{scheme}://{}", self.bracketed())?;
        if self.port != PORT {
            write!(f, ":{}", self.port)?;
        }
        f.write_str(&self.path)
    }
}

fn parse(text: &str) -> Result<Address, &'static str> {
    if text.len() > ADDRESS_CHARS_MAX {
        return Err("longer than 200 characters");
    }
    let (secure, rest) = match text.split_once("://") {
        Some(("ipps", rest)) => (true, rest),
        Some(("ipp", rest)) => (false, rest),
        _ => return Err("neither ipps:// nor ipp://"),
    };
    let (authority, path) = rest.find('/').map(|at| rest.split_at(at)).ok_or("no path (often /ipp/print)")?;
    if !path.bytes().all(|b| b.is_ascii_alphanumeric() || b"/._~-".contains(&b)) || path.split('/').any(|part| part == "..") {
        return Err("a path of other characters than letters, digits, / . _ ~ -");
    }
    let (host, port) = split_port(authority)?;
    let host = host_of(host)?;
    if !secure && !is_this_machine(&host) {
        return Err("ipp:// has no encryption and is for this machine only (localhost); give ipps://");
    }
    Ok(Address { secure, host, port, path: path.to_owned() })
}

fn split_port(authority: &str) -> Result<(&str, u16), &'static str> {
    let end_of_host = authority.rfind(']').unwrap_or(0);
    let Some(colon) = authority[end_of_host..].find(':').map(|at| at + end_of_host) else { return Ok((authority, PORT)) };
    let (host, port) = (&authority[..colon], &authority[colon + 1..]);
    let number = port.parse().ok().filter(|n| *n > 0 && port.bytes().all(|b| b.is_ascii_digit()) && !port.starts_with('0'));
    Ok((host, number.ok_or("not a port")?))
}

/// A host in its one spelling.
fn host_of(text: &str) -> Result<String, &'static str> {
    if let Some(inner) = text.strip_prefix('[').and_then(|t| t.strip_suffix(']')) {
        return inner.parse::<Ipv6Addr>().map(|a| a.to_string()).map_err(|_| "not an IPv6 address");
    }
    let fits = !text.is_empty() && text.bytes().all(|b| b.is_ascii_alphanumeric() || b".-".contains(&b)) && !text.starts_with(['.', '-']);
    if !fits {
        return Err("not a host");
    }
    if text.bytes().all(|b| b.is_ascii_digit() || b == b'.') {
        return text.parse::<Ipv4Addr>().map(|a| a.to_string()).map_err(|_| "not an IPv4 address");
    }
    Ok(text.to_ascii_lowercase())
}

fn is_this_machine(host: &str) -> bool {
    host == "localhost" || host.parse::<Ipv4Addr>().is_ok_and(|a| a.is_loopback()) || host.parse::<Ipv6Addr>().is_ok_and(|a| a.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_has_one_spelling() {
        for (typed, kept, http) in [
            ("ipp://LocalHost:631/ipp/print", "ipp://localhost/ipp/print", "http://localhost:631/ipp/print"),
            ("ipp://127.0.0.2:8631/p", "ipp://127.0.0.2:8631/p", "http://127.0.0.2:8631/p"),
            ("ipp://[0:0:0:0:0:0:0:1]/", "ipp://[::1]/", "http://[::1]:631/"),
            ("ipps://Card-1.bureau.example:443/ipp/print", "ipps://card-1.bureau.example:443/ipp/print", "https://card-1.bureau.example:443/ipp/print"),
            ("ipps://192.0.2.7/ipp/print", "ipps://192.0.2.7/ipp/print", "https://192.0.2.7:631/ipp/print"),
        ] {
            let address = Address::parse(typed).unwrap();
            assert_eq!((address.to_string().as_str(), address.http().as_str()), (kept, http));
            assert_eq!(Address::parse(kept).unwrap(), address);
        }
    }

    #[test]
    fn what_would_leave_the_machine_unsealed_or_mean_two_things_is_refused() {
        let long = format!("ipps://h/{}", "p".repeat(ADDRESS_CHARS_MAX));
        for wrong in [
            "",
            "localhost",
            "http://localhost/ipp/print",
            "IPP://localhost/p",
            "ipp://localhost",
            "ipp://192.0.2.7/ipp/print",
            "ipp://localhost.example/p",
            "ipp://127.0.0.1.example/p",
            "ipp://localhost@192.0.2.7/p",
            "ipps://user:secret@h/p",
            "ipps:///p",
            "ipps://h:0/p",
            "ipps://h:+1/p",
            "ipps://h:65536/p",
            "ipps://h:/p",
            "ipps://h:1:2/p",
            "ipps://[::1/p",
            "ipps://[::1]x/p",
            "ipps://1.2.3/p",
            "ipps://h/p?x=1",
            "ipps://h/p#x",
            "ipps://h/../p",
            "ipps://h/%2e",
            "ipps://h/p\nby: li",
            "ipps://打印机/p",
            &long,
        ] {
            let refused = Address::parse(wrong).map(|a| a.to_string()).unwrap_err();
            assert!(refused.to_string().starts_with("PRN-02"), "{wrong}: {refused}");
        }
    }
}
