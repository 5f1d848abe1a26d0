//! What institutions tell and ask each other beside guidance: work information (工作信息), clues (线索), consultations (会商), and
//! the supervision that comes from outside (行政执法监督); relay-and-sharing.md §8.8.
//!
//! None of them commands: the front desk executes by its own lights, the back office guides by guidance. Each says who must act
//! next and by when; what falls due raises an alarm, once.
//!
//! - [`duty`]: who must act next, and by when; also of guidance.
//! - [`refusal`]: why the office says no, also about guidance.
//! - [`settings`]: the limits, and how guidance is numbered.
//! - [`timer`]: raises alarms.
//! - [`viewer`]: who sees what.
//! - [`words`]: texts that command, and texts that tell of a single person or firm.

pub(crate) mod decide;
pub(crate) mod duty;
pub(crate) mod refusal;
pub(crate) mod rpc;
pub(crate) mod settings;
pub(crate) mod state;
pub(crate) mod store;
pub(crate) mod timer;
pub(crate) mod viewer;
pub(crate) mod wire;
mod words;
