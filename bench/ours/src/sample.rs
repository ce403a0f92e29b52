//! Taking samples of CPU time and printing them.

use rustix::time::{ClockId, clock_gettime};

use crate::Failure;

/// Microseconds of CPU that this process has used so far.
pub fn cpu_micros() -> f64 {
    let now = clock_gettime(ClockId::ProcessCPUTime);
    now.tv_sec as f64 * 1e6 + now.tv_nsec as f64 / 1e3
}

/// Kilobytes of memory that this process holds.
///
/// # Errors
/// If the system does not tell.
pub fn resident_kib() -> Result<f64, Failure> {
    let status = std::fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let digits = line
        .and_then(|line| line.split_whitespace().next())
        .ok_or("no VmRSS")?;
    Ok(digits.parse()?)
}

/// Runs `work` for its own time in microseconds: once to warm up, then for each of the repetitions.
///
/// # Errors
/// Whatever `work` fails with.
pub fn repeat(mut work: impl FnMut() -> Result<f64, Failure>) -> Result<Vec<f64>, Failure> {
    work()?;
    (0..REPETITIONS).map(|_| work()).collect()
}

/// The CPU time of `work` in microseconds, divided by the number of operations in it.
///
/// # Errors
/// Whatever `work` fails with.
pub fn timed(operations: u32, work: impl FnOnce() -> Result<(), Failure>) -> Result<f64, Failure> {
    let start = cpu_micros();
    work()?;
    Ok((cpu_micros() - start) / f64::from(operations))
}

/// Prints a row for people, and all of its samples for `compare`.
pub fn report(name: &str, unit: &str, mut samples: Vec<f64>) {
    samples.sort_by(f64::total_cmp);
    let (Some(min), Some(max)) = (samples.first(), samples.last()) else {
        return;
    };
    let median = samples[samples.len() / 2];
    let reps = samples.len();
    println!("RESULT ours   {name:<22} median {median:.3} {unit}  min {min:.3}  max {max:.3}  reps {reps}");
    let samples: Vec<String> = samples.iter().map(|sample| format!("{sample:.3}")).collect();
    println!("SAMPLES {name} {unit} {}", samples.join(" "));
}

const REPETITIONS: usize = 9;
