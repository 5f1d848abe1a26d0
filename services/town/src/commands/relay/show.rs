//! Papers and receipts, as a person reads them.

use comfy_table::Table;
use runtime::log::Receipt;
use townlink_proto::townlink::gateway::v1 as pb;
use vocabulary::Timestamp;
use vocabulary::time::format_instant;

use crate::output::{day, digest, facts, instant, short};

pub(super) fn delivery(delivery: &pb::Delivery) -> String {
    format!("{} {}", delivery.recipient, short(delivery.state().as_str_name(), "DELIVERY_STATE"))
}

pub(super) fn receipt_name(receipt: &pb::Receipt) -> String {
    Receipt::parse(&receipt.content).map_or_else(
        |_| short(receipt.r#type().as_str_name(), "RECEIPT_TYPE"),
        |content| content.receipt_type.to_string(),
    )
}

pub(super) fn show(paper: &pb::Paper) -> Table {
    let summary = paper.summary.clone().unwrap_or_default();
    let mut rows = vec![
        ("paper", paper.name.clone()),
        ("number", summary.document_number),
        ("title", summary.title),
        ("issuer", summary.issuer),
        ("to", summary.main_to.join("、")),
        ("dated", summary.issue_date),
        ("directive", summary.directive_type),
        ("accepted", instant(paper.accept_time.as_ref())),
        ("payload SM3", hex::encode(&paper.payload_digest)),
    ];
    for attachment in &paper.attachments {
        rows.push((
            "attachment",
            format!("{} ({} bytes, SM3 {})", attachment.name, attachment.size_bytes, digest(&attachment.digest)),
        ));
    }
    for finding in &paper.findings {
        rows.push(("finding", format!("{} {} ({})", finding.code, finding.message, finding.law)));
    }
    for it in &paper.deliveries {
        let number = if it.number == 0 { String::new() } else { format!(", no. {}", it.number) };
        rows.push(("delivery", format!("{}{number} {}", delivery(it), it.return_code)));
    }
    for receipt in &paper.receipts {
        rows.push(("receipt", told(receipt)));
    }
    if let Some(recall) = &paper.recall {
        rows.push(("recalled", recalled(recall)));
    }
    for it in &paper.urges {
        let state = short(it.state().as_str_name(), "NOTICE_STATE");
        rows.push(("urged", format!("{} {state} {}", instant(it.time.as_ref()), it.note)));
    }
    for it in &paper.extensions {
        rows.push(("extended", format!("to {} by {}", day(it.due.as_ref()), it.institution)));
    }
    for it in &paper.replies {
        rows.push(("replied", format!("{} by {}", it.document_number, it.institution)));
    }
    facts(rows)
}

pub(super) fn told(receipt: &pb::Receipt) -> String {
    let result = if receipt.result.is_empty() { String::new() } else { format!(": {}", receipt.result) };
    match Receipt::parse(&receipt.content) {
        Ok(content) => {
            let time = Timestamp::from_microsecond(content.time_us).map(format_instant).unwrap_or_default();
            format!("{} at {time}, signed by {}, {}{result}", content.receipt_type, content.key_id, content.mode)
        }
        Err(error) => format!("unreadable: {error}"),
    }
}

pub(super) fn show_receipt(receipt: &pb::Receipt) -> Table {
    let mut rows = vec![("paper", receipt.paper.clone()), ("receipt", told(receipt))];
    if let Ok(content) = Receipt::parse(&receipt.content) {
        rows.push(("payload SM3", hex::encode(content.digest)));
        rows.push(("leaf", format!("{} in {}", content.leaf_hash, content.log_origin)));
    }
    facts(rows)
}

/// How a paper was recalled.
pub(super) fn recalled(recall: &pb::Recall) -> String {
    format!("{} by {}: {}", instant(recall.time.as_ref()), recall.document_number, recall.reason)
}
