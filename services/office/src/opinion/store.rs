//! What stands in the books beside a joint review. The joint review itself is kept like every record of oversight.

use std::collections::BTreeSet;

use runtime::db::Connection;
use runtime::refusal::Failure;

use super::decide::{Asked, Beside};
use super::state::JointReview;
use crate::oversight::store::holder;
use crate::register::document::store::is_confirmed;

/// What is to be known where opinions are asked for: an open joint review of the application, and which documents are registered.
pub(crate) async fn beside(sql: &mut Connection, asked: &Asked) -> Result<Beside, Failure> {
    let open = holder::<JointReview>(sql, &asked.application).await?;
    let mut registered = BTreeSet::new();
    for document in asked.bodies.iter().filter_map(|body| body.tacit.as_ref()) {
        if is_confirmed(sql, document).await? {
            registered.insert(document.to_string());
        }
    }
    Ok(Beside { open, registered })
}
