//! A finished print file seen by programs that aren't ours: qpdf, poppler and zbar. Says what they see; what it should be is the caller's
//! to know. Pictures of pages go to a folder of their own that is removed at the end.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use ledger::fault::Fault;

/// Programs asked, and the Debian package each is in.
const PROGRAMS: [(&str, &str); 7] = [
    ("qpdf", "qpdf"),
    ("pdfinfo", "poppler-utils"),
    ("pdffonts", "poppler-utils"),
    ("pdftotext", "poppler-utils"),
    ("pdfimages", "poppler-utils"),
    ("pdftoppm", "poppler-utils"),
    ("zbarimg", "zbar-tools"),
];
const PT_PER_MM: f64 = 72.0 / 25.4;
/// zbarimg: some pictures have no symbol.
const NO_SYMBOL: i32 = 4;

/// One PDF and the programs that read it.
pub struct PrintReaders {
    pdf: PathBuf,
    scratch: tempfile::TempDir,
}

/// A font as `pdffonts` lists it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct FontSeen {
    pub name: String,
    pub embedded: bool,
    pub subset: bool,
    pub unicode: bool,
}

impl PrintReaders {
    /// # Errors
    /// A program isn't installed, or no folder can be made.
    pub fn new(pdf: &Path) -> Result<Self, Fault> {
        for (program, package) in PROGRAMS {
            if Command::new(program).arg("--version").output().is_err() {
                return Err(Fault::Missing(format!("{program} is not installed (Debian package {package})")));
            }
        }
        let scratch = tempfile::Builder::new().prefix("cardline-inspect-").tempdir().map_err(|e| Fault::io("make", "a temporary folder", e))?;
        Ok(Self { pdf: pdf.to_owned(), scratch })
    }

    /// What `qpdf --check` finds wrong; `None` for nothing. It decodes every picture: some 35 ms a page.
    ///
    /// # Errors
    /// The program can't be run.
    pub fn structure(&self) -> Result<Option<String>, Fault> {
        let output = run("qpdf", &["--check".as_ref(), self.pdf.as_os_str()])?;
        Ok((!output.status.success()).then(|| words(&output)))
    }

    /// Size of every page in millimetres, by `pdfinfo`.
    ///
    /// # Errors
    /// The program can't be run or its answer not be read.
    pub fn page_sizes_mm(&self) -> Result<Vec<[f64; 2]>, Fault> {
        let text = read("pdfinfo", &["-l".as_ref(), "-1".as_ref(), self.pdf.as_os_str()])?;
        // Page    1 size:  242.646 x 153.014 pts
        let size = |line: &str| {
            let (page, rest) = line.split_once(" size:")?;
            page.starts_with("Page ").then_some(())?;
            let mut numbers = rest.split_whitespace().filter_map(|word| word.parse::<f64>().ok());
            Some([numbers.next()? / PT_PER_MM, numbers.next()? / PT_PER_MM])
        };
        let sizes: Vec<[f64; 2]> = text.lines().filter_map(size).collect();
        if sizes.is_empty() { Err(Fault::BadInput("pdfinfo shows no page size".to_owned())) } else { Ok(sizes) }
    }

    /// Every font of the file, by `pdffonts`.
    ///
    /// # Errors
    /// The program can't be run or its answer not be read.
    pub fn fonts(&self) -> Result<Vec<FontSeen>, Fault> {
        let text = read("pdffonts", &[self.pdf.as_os_str()])?;
        // name … emb sub uni object ID: the last five columns have no spaces in them.
        let font = |line: &str| {
            let words: Vec<&str> = line.split_whitespace().collect();
            let [emb, sub, uni, _, _] = words.get(words.len().checked_sub(5)?..)? else { return None };
            let yes = |word: &str| word == "yes";
            Some(FontSeen { name: (*words.first()?).to_owned(), embedded: yes(emb), subset: yes(sub), unicode: yes(uni) })
        };
        Ok(text.lines().skip(2).filter_map(font).collect())
    }

    /// The text of every page, by `pdftotext`.
    ///
    /// # Errors
    /// The program can't be run.
    pub fn texts(&self) -> Result<Vec<String>, Fault> {
        let text = read("pdftotext", &["-raw".as_ref(), self.pdf.as_os_str(), "-".as_ref()])?;
        let mut pages: Vec<String> = text.split('\u{c}').map(str::to_owned).collect();
        // A form feed ends each page.
        pages.pop();
        Ok(pages)
    }

    /// The pictures of one page, as the file holds them, by `pdfimages`. Pages count from 1.
    ///
    /// # Errors
    /// The program can't be run, or a picture not be read.
    pub fn pictures(&self, page: usize) -> Result<Vec<Vec<u8>>, Fault> {
        let page = page.to_string();
        let root = self.scratch.path().join("picture");
        read("pdfimages", &["-all".as_ref(), "-f".as_ref(), page.as_ref(), "-l".as_ref(), page.as_ref(), self.pdf.as_os_str(), root.as_os_str()])?;
        self.taken("picture")?.iter().map(|file| take(file)).collect()
    }

    /// What zbar reads from one page at `dpi`: the text of every symbol. Pages count from 1.
    ///
    /// # Errors
    /// A program can't be run.
    pub fn symbols(&self, page: usize, dpi: u32) -> Result<Vec<String>, Fault> {
        let (page, dpi) = (page.to_string(), dpi.to_string());
        let root = self.scratch.path().join("page");
        let range = ["-r", &dpi, "-gray", "-f", &page, "-l", &page].map(std::ffi::OsStr::new);
        read("pdftoppm", &[&range[..], &[self.pdf.as_os_str(), root.as_os_str()]].concat())?;
        let mut found = Vec::new();
        for file in self.taken("page")? {
            let output = run("zbarimg", &["--nodbus".as_ref(), "-q".as_ref(), "--raw".as_ref(), file.as_os_str()])?;
            if !output.status.success() && output.status.code() != Some(NO_SYMBOL) {
                return Err(Fault::BadInput(format!("zbarimg: {}", words(&output))));
            }
            found.extend(String::from_utf8_lossy(&output.stdout).lines().map(str::to_owned));
            fs::remove_file(&file).map_err(|e| Fault::io("remove", "a picture", e))?;
        }
        Ok(found)
    }

    /// Files a program left in the scratch folder, in the order of their names.
    fn taken(&self, prefix: &str) -> Result<Vec<PathBuf>, Fault> {
        let unreadable = |e| Fault::io("list", "a temporary folder", e);
        let entries = fs::read_dir(self.scratch.path()).map_err(unreadable)?;
        let mut files = entries.map(|e| e.map(|e| e.path())).collect::<Result<Vec<_>, _>>().map_err(unreadable)?;
        files.retain(|file| file.file_name().is_some_and(|name| name.to_string_lossy().starts_with(prefix)));
        files.sort();
        Ok(files)
    }
}

fn take(file: &Path) -> Result<Vec<u8>, Fault> {
    let bytes = fs::read(file).map_err(|e| Fault::io("read", "a picture", e))?;
    fs::remove_file(file).map_err(|e| Fault::io("remove", "a picture", e))?;
    Ok(bytes)
}

fn run(program: &str, args: &[&std::ffi::OsStr]) -> Result<Output, Fault> {
    Command::new(program).args(args).output().map_err(|e| Fault::Missing(format!("{program}: {e}")))
}

fn read(program: &str, args: &[&std::ffi::OsStr]) -> Result<String, Fault> {
    let output = run(program, args)?;
    if output.status.success() {
        Ok(String::from_utf8_lossy(&output.stdout).into_owned())
    } else {
        Err(Fault::BadInput(format!("{program}: {}", words(&output))))
    }
}

/// What a program complained about, in one line. Programs name files and objects, not what is printed.
fn words(output: &Output) -> String {
    let text = [output.stderr.as_slice(), output.stdout.as_slice()].concat();
    String::from_utf8_lossy(&text).lines().filter(|l| !l.trim().is_empty()).take(3).collect::<Vec<_>>().join("; ")
}
