//! Metrics and liveness, on a plain HTTP address of their own: by default only the machine itself reaches it.

use std::net::SocketAddr;
use std::sync::OnceLock;
use std::time::Duration;

use axum::Router;
use axum::routing::get;
use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};
use tokio::net::TcpListener;

use super::StartError;
use crate::refusal::Failure;
use crate::tasks::Tasks;

/// The bounds of the time that a call takes, in seconds, between which calls are counted.
const SECONDS: [f64; 12] = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1.0, 5.0, 60.0];

/// How often what was measured is put in order, asked for or not, so that it cannot pile up.
const UPKEEP: Duration = Duration::from_secs(5);

/// The recorder of this process. Made once: what is counted before is lost, so it is made before any service.
pub(super) fn recorder() -> Result<PrometheusHandle, Failure> {
    static RECORDER: OnceLock<PrometheusHandle> = OnceLock::new();
    let builder = PrometheusBuilder::new()
        .set_buckets_for_metric(Matcher::Suffix("_seconds".to_owned()), &SECONDS)
        .map_err(Failure::internal)?;
    // The handle kept is that of the recorder installed, also where several towns start at once.
    let handle = RECORDER.get_or_init(|| {
        let recorder = builder.build_recorder();
        let handle = recorder.handle();
        if metrics::set_global_recorder(recorder).is_err() {
            tracing::warn!("metrics are recorded elsewhere in this process: /metrics shows none");
        }
        handle
    });
    Ok(handle.clone())
}

/// Serves `/metrics` and `/livez`, and gives the address.
pub(super) async fn serve(
    address: SocketAddr,
    recorder: PrometheusHandle,
    tasks: &Tasks,
) -> Result<SocketAddr, StartError> {
    let refused =
        |cause| StartError::Listen { key: "operations.listen".to_owned(), address: address.to_string(), cause };
    let listener = TcpListener::bind(address).await.map_err(refused)?;
    let address = listener.local_addr().map_err(refused)?;
    let rendered = recorder.clone();
    let router = Router::new()
        .route("/livez", get(|| async { "ok\n" }))
        .route("/metrics", get(move || async move { rendered.render() }));
    let stopping = tasks.stopping();
    tasks.spawn("operations", async move {
        let served = axum::serve(listener, router).with_graceful_shutdown(stopping).await;
        served.map_err(|cause| Failure::unavailable("the operations listener", cause))
    });
    let stopping = tasks.clone();
    tasks.spawn("metrics upkeep", async move {
        let mut stopping = std::pin::pin!(stopping.stopping());
        loop {
            tokio::select! {
                () = tokio::time::sleep(UPKEEP) => recorder.run_upkeep(),
                () = &mut stopping => return Ok(()),
            }
        }
    });
    Ok(address)
}
