//! One signature check and one receipt signature, alone.

use std::num::NonZero;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};
use runtime::signing::{PublicKey, Signature, Signer as _, SoftSm2, verify};

use crate::bench::cpu;
use crate::bench::figure::{each, median};

/// Something that was signed, to be checked again and again.
#[derive(Clone, Debug)]
pub struct Signed {
    /// The key.
    pub key: PublicKey,
    /// The signed bytes.
    pub message: Vec<u8>,
    /// The signature.
    pub signature: Signature,
}

impl Signed {
    /// The CPU time of one check, with every core at work for so long.
    ///
    /// # Errors
    /// Where the signature does not hold.
    pub fn check_cpu(&self, lasting: Duration) -> Result<Duration> {
        on_every_core(lasting, || Ok(verify(&self.key, &self.message, &self.signature)?))
    }

    /// The median time of one check, with nothing else to do for so long.
    ///
    /// # Errors
    /// Where the signature does not hold.
    pub fn check_latency(&self, lasting: Duration) -> Result<Duration> {
        one_by_one(lasting, || Ok(verify(&self.key, &self.message, &self.signature)?))
    }
}

/// A receipt to be signed again and again, with a key that was made for it.
#[derive(Debug)]
pub struct Receipt {
    key: SoftSm2,
    content: Vec<u8>,
}

impl Receipt {
    /// A receipt with this content.
    ///
    /// # Errors
    /// Where no key can be made.
    pub fn new(content: &[u8]) -> Result<Self> {
        Ok(Self { key: SoftSm2::generate()?, content: content.to_vec() })
    }

    /// The CPU time of one signature, with every core at work for so long.
    ///
    /// # Errors
    /// Where signing fails.
    pub fn sign_cpu(&self, lasting: Duration) -> Result<Duration> {
        on_every_core(lasting, || Ok(self.key.sign(&self.content).map(drop)?))
    }

    /// The median time of one signature, with nothing else to do for so long.
    ///
    /// # Errors
    /// Where signing fails.
    pub fn sign_latency(&self, lasting: Duration) -> Result<Duration> {
        one_by_one(lasting, || Ok(self.key.sign(&self.content).map(drop)?))
    }
}

/// The CPU time of one piece of work, done by as many threads as there are cores: a busy core is slower than one with an idle
/// neighbour, and under load all are busy.
fn on_every_core(lasting: Duration, work: impl Fn() -> Result<()> + Sync) -> Result<Duration> {
    let threads = std::thread::available_parallelism().map_or(1, NonZero::get);
    let end = Instant::now() + lasting;
    let work = &work;
    let one = move || -> Result<(Duration, u64)> {
        let (begin, mut count) = (cpu::of_this_thread()?, 0);
        while Instant::now() < end {
            work()?;
            count += 1;
        }
        Ok((cpu::of_this_thread()?.saturating_sub(begin), count))
    };
    let (total, count) = std::thread::scope(|scope| -> Result<(Duration, u64)> {
        let running: Vec<_> = (0..threads).map(|_| scope.spawn(one)).collect();
        let mut all = (Duration::ZERO, 0);
        for thread in running {
            let (spent, count) = thread.join().ok().context("a thread panicked")??;
            all = (all.0 + spent, all.1 + count);
        }
        Ok(all)
    })?;
    Ok(each(total, count))
}

fn one_by_one(lasting: Duration, work: impl Fn() -> Result<()>) -> Result<Duration> {
    let end = Instant::now() + lasting;
    let mut times = Vec::new();
    while Instant::now() < end {
        let begin = Instant::now();
        work()?;
        times.push(begin.elapsed());
    }
    median(&times).context("nothing was measured")
}
