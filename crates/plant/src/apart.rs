//! Photos examined in a process of their own, one each: a decoder that aborts, overflows its stack, takes all memory or never ends takes
//! that process along and nothing else (faults.md D24, D25, G38). What the process does is its program's business.

use std::io::Write;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use line::ports::Apart;

/// A photo within the limits takes some ten milliseconds; what takes so long never ends.
const PATIENCE: Duration = Duration::from_secs(30);
/// How often a process is looked at.
const LOOK: Duration = Duration::from_millis(2);
const TRIES: u32 = 2;
/// Address space of such a process: a photo within the limits takes a few megabytes.
const MEMORY_BYTES: u64 = 1 << 30;

/// A program that examines the photo on its standard input and ends with 0.
pub struct ExaminingProgram {
    program: PathBuf,
    args: Vec<String>,
    patience: Duration,
}

impl ExaminingProgram {
    #[must_use]
    pub fn new(program: PathBuf, args: Vec<String>) -> Self {
        Self { program, args, patience: PATIENCE }
    }

    /// `None`: no process could be started, so nothing is known.
    fn try_once(&self, jpeg: &[u8]) -> Option<bool> {
        let mut command = Command::new(&self.program);
        command.args(&self.args).stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null());
        let mut child = command.spawn().ok()?;
        let mut input = child.stdin.take()?;
        // From a thread: a process that reads nothing must not hold us up. It ends with the process, whose pipe closes.
        let bytes = jpeg.to_vec();
        let writer = thread::spawn(move || input.write_all(&bytes).is_ok());
        let ended_well = ends_well(&mut child, self.patience);
        let _ = writer.join();
        Some(ended_well)
    }
}

fn ends_well(child: &mut Child, patience: Duration) -> bool {
    let since = Instant::now();
    loop {
        match child.try_wait() {
            Ok(Some(status)) => return status.success(),
            Ok(None) if since.elapsed() < patience => thread::sleep(LOOK),
            _ => {
                let _ = child.kill();
                let _ = child.wait();
                return false;
            }
        }
    }
}

impl Apart for ExaminingProgram {
    /// Where no process can be started the photo is examined like any other.
    fn survives(&self, jpeg: &[u8]) -> bool {
        (0..TRIES).any(|_| self.try_once(jpeg).unwrap_or(true))
    }
}

/// For the process that examines: bounds its memory, and leaves no picture of it behind when it dies.
pub fn confine() {
    use rustix::process::{Resource, Rlimit, setrlimit};
    // A limit that can't be set leaves the time limit of the one who waits.
    let _ = setrlimit(Resource::As, Rlimit { current: Some(MEMORY_BYTES), maximum: Some(MEMORY_BYTES) });
    let _ = setrlimit(Resource::Core, Rlimit { current: Some(0), maximum: Some(0) });
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Patient enough for a machine that has much else to do.
    fn shell(script: &str) -> ExaminingProgram {
        ExaminingProgram { program: "/bin/sh".into(), args: vec!["-c".into(), script.into()], patience: Duration::from_secs(60) }
    }

    #[test]
    fn a_process_that_dies_never_ends_or_reads_nothing_is_told_from_one_that_comes_to_its_end() {
        let photo = vec![7; 1 << 20];
        assert!(shell("cat > /dev/null").survives(&photo));
        assert!(!shell("kill -ABRT $$").survives(&photo));
        assert!(!shell("kill -SEGV $$").survives(&photo));
        let impatient = ExaminingProgram { patience: Duration::from_millis(300), ..shell("exec sleep 600") };
        assert!(!impatient.survives(&photo), "it is killed when patience ends");
        assert!(!shell("cat > /dev/null; exit 1").survives(&photo));
        assert!(shell("exit 0").survives(&photo), "it needn't read all");
    }

    #[test]
    fn a_second_try_counts() {
        let folder = tempfile::tempdir().unwrap();
        let once = format!("test -e {0} || {{ touch {0}; kill -KILL $$; }}", folder.path().join("tried").display());
        assert!(shell(&once).survives(b"photo"));
    }

    #[test]
    fn where_nothing_can_be_started_nothing_is_suspected() {
        assert!(ExaminingProgram::new("/nowhere/at/all".into(), Vec::new()).survives(b"photo"));
    }
}
