//! The views of a job written from the published formats alone (docs/formats/print.md, encode.md, cps.md, batch.md), as small as they allow.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::json;

use super::plant::TestCard;

/// Two pages a card: a mark each, the photo on the front.
pub fn print(cards: &[TestCard]) -> Vec<u8> {
    let mut pdf = Pdf { bytes: b"%PDF-1.7\n%\xbb\xad\n".to_vec(), offsets: Vec::new() };
    let page_ids: Vec<usize> = (0..cards.len() * 2).map(|i| 3 + i * 3).collect();
    let photo_id = |i: usize| 3 + cards.len() * 6 + i;
    let kids: String = page_ids.iter().map(|id| format!("{id} 0 R ")).collect();
    pdf.object("<</Type/Catalog/Pages 2 0 R>>");
    pdf.object(&format!("<</Type/Pages/Count {}/Kids[{kids}]>>", page_ids.len()));
    for (i, card) in cards.iter().enumerate() {
        for (side, id) in page_ids[i * 2..i * 2 + 2].iter().enumerate() {
            let media = "[0 0 242.646 153.014]";
            pdf.object(&format!("<</Type/Page/Parent 2 0 R/MediaBox{media}/Contents {} 0 R/Resources {} 0 R>>", id + 1, id + 2));
            pdf.stream("", format!("/CLR-{} MP\nq (a \\) string) Tj Q\n", card.record).as_bytes());
            let photo = if side == 0 { format!("/P{i} {} 0 R", photo_id(i)) } else { String::new() };
            pdf.object(&format!("<</Font<<>>/XObject<<{photo}>>>>"));
        }
    }
    for card in cards {
        pdf.stream("/Type/XObject/Subtype/Image/Width 358/Height 441/Filter/DCTDecode", &card.photo);
    }
    pdf.finish()
}

struct Pdf {
    bytes: Vec<u8>,
    offsets: Vec<usize>,
}

impl Pdf {
    fn object(&mut self, body: &str) {
        self.begin();
        self.bytes.extend_from_slice(format!("{body}\nendobj\n").as_bytes());
    }

    fn begin(&mut self) {
        self.offsets.push(self.bytes.len());
        self.bytes.extend_from_slice(format!("{} 0 obj\n", self.offsets.len()).as_bytes());
    }

    fn stream(&mut self, entries: &str, content: &[u8]) {
        self.begin();
        self.bytes.extend_from_slice(format!("<<{entries}/Length {}>>stream\n", content.len()).as_bytes());
        self.bytes.extend_from_slice(content);
        self.bytes.extend_from_slice(b"\nendstream\nendobj\n");
    }

    fn finish(mut self) -> Vec<u8> {
        let at = self.bytes.len();
        let lines: String = self.offsets.iter().map(|o| format!("{o:010} 00000 n \n")).collect();
        let count = self.offsets.len() + 1;
        self.bytes.extend_from_slice(
            format!("xref\n0 {count}\n0000000000 65535 f \n{lines}trailer\n<</Root 1 0 R/Size {count}/ID[<00ff><00ff>]>>\nstartxref\n{at}\n%%EOF").as_bytes(),
        );
        self.bytes
    }
}

pub fn text(cards: &[TestCard]) -> Vec<u8> {
    let mut out = "#cardline-encode/1 UTF-8|position|card_number|generation|print_name_zh|record_digest|photo\r\n".to_owned();
    for c in cards {
        out += &format!("{}|{}|{}|安娜|{}|{}\r\n", c.position, c.number, c.generation, c.record, STANDARD.encode(&c.photo));
    }
    out.into_bytes()
}

/// Without keys; what is in a card's record isn't the auditor's business.
pub fn cps(batch: &str, job: u32, cards: &[TestCard]) -> Vec<u8> {
    let (no_keys, record) = ([0, 2, 0, 0], [0, 5, 9, 9, 9, 9, 9]);
    let mut out = [b"CLDGI\0\0\x02", batch.as_bytes(), &job.to_be_bytes(), &(cards.len() as u32).to_be_bytes(), &no_keys].concat();
    out.extend_from_slice(&crc32c::crc32c(&out).to_be_bytes());
    for c in cards {
        let (job, position, generation) = (job.to_be_bytes(), c.position.to_be_bytes(), c.generation.to_be_bytes());
        let card = [&b"CARD"[..], batch.as_bytes(), &job, &position, &generation, c.number.as_bytes(), &c.record.0, b"02.1", &record].concat();
        out.extend_from_slice(&card);
        out.extend_from_slice(&crc32c::crc32c(&card).to_be_bytes());
    }
    out
}

pub fn sheet(batch: &str, job: u32, void_slots: &[u32], files: &[(String, Vec<u8>)], cards: &[TestCard]) -> Vec<u8> {
    let file = |(path, bytes): &(String, Vec<u8>)| json!({ "path": path, "bytes": bytes.len(), "sha256": card::Digest::of(bytes).to_string() });
    let slot = |c: &TestCard| {
        json!({
            "slot": c.slot, "position": c.position, "number": c.number, "generation": c.generation, "lane": "normal",
            "delivery": if c.mail { "mail" } else { "outlet" }, "outlet": c.outlet, "record": c.record.to_string(),
        })
    };
    let sheet = json!({
        "format": "cardline-job-sheet/1", "batch": batch, "job": job, "jobs": 2, "issued_on": "2025-06-01", "profile": "hubei-foreigner-2025",
        "cards": cards.len(), "void_slots": void_slots, "files": files.iter().map(file).collect::<Vec<_>>(), "slots": cards.iter().map(slot).collect::<Vec<_>>(),
    });
    serde_json::to_vec_pretty(&sheet).unwrap()
}
