//! Chance that can be repeated: a test prints its seed, and the seed brings the same choices back.

/// SplitMix64 (Steele, Lea and Flood 2014): small, and good enough to choose moments and papers.
#[derive(Clone, Debug)]
pub struct Random(u64);

impl Random {
    /// The choices of a seed.
    #[must_use]
    pub const fn of_seed(seed: u64) -> Self {
        Self(seed)
    }

    /// A seed that was not used before.
    #[must_use]
    pub fn new_seed() -> u64 {
        let mut bytes = [0; 8];
        getrandom::fill(&mut bytes).expect("the system gives random bytes");
        u64::from_le_bytes(bytes)
    }

    /// The next number.
    pub const fn next_number(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    /// A number below `end`, which is not 0.
    pub const fn below(&mut self, end: u64) -> u64 {
        self.next_number() % end
    }

    /// One of several.
    pub fn choose<'a, T>(&mut self, from: &'a [T]) -> &'a T {
        let at = self.below(u64::try_from(from.len()).expect("a length fits"));
        &from[usize::try_from(at).expect("an index fits")]
    }

    /// A source of its own, for one of several tasks.
    pub const fn fork(&mut self) -> Self {
        Self(self.next_number())
    }
}
