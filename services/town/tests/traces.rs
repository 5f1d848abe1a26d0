//! Traces of a town, as a collector receives them: through both services, through the relay, and without a word of what was said.

use std::process::{Command, Output, Stdio};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use opentelemetry_proto::tonic::collector::trace::v1::trace_service_server::{TraceService, TraceServiceServer};
use opentelemetry_proto::tonic::collector::trace::v1::{ExportTraceServiceRequest, ExportTraceServiceResponse};
use opentelemetry_proto::tonic::common::v1::any_value::Value;
use opentelemetry_proto::tonic::trace::v1::Span;
use tonic::transport::Server;
use tonic::transport::server::TcpIncoming;
use tonic::{Request, Response, Status};

use super::{folder, stderr, stdout};

/// A span, with the service that made it.
type Told = (String, Span);

/// A collector in this process.
#[derive(Clone, Default)]
struct Collector(Arc<Mutex<Vec<Told>>>);

#[tonic::async_trait]
impl TraceService for Collector {
    async fn export(
        &self,
        request: Request<ExportTraceServiceRequest>,
    ) -> Result<Response<ExportTraceServiceResponse>, Status> {
        let mut told = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        for of_resource in request.into_inner().resource_spans {
            let attributes = of_resource.resource.map(|resource| resource.attributes).unwrap_or_default();
            let service = attributes.iter().find(|it| it.key == "service.name").and_then(|it| it.value.clone()?.value);
            let Some(Value::StringValue(service)) = service else { continue };
            let spans = of_resource.scope_spans.into_iter().flat_map(|scope| scope.spans);
            told.extend(spans.map(|span| (service.clone(), span)));
        }
        Ok(Response::new(ExportTraceServiceResponse::default()))
    }
}

impl Collector {
    /// Collects until the test ends, and gives where.
    fn start(&self) -> (tokio::runtime::Runtime, String) {
        let threads =
            tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().expect("threads");
        let incoming = {
            let _inside = threads.enter();
            TcpIncoming::bind("127.0.0.1:0".parse().expect("an address")).expect("a port")
        };
        let address = format!("http://{}", incoming.local_addr().expect("an address"));
        let served = Server::builder().add_service(TraceServiceServer::new(self.clone()));
        threads.spawn(served.serve_with_incoming(incoming));
        (threads, address)
    }

    /// Waits for a span of a service that ends with this name.
    fn find(&self, service: &str, name: &str) -> Span {
        let begun = Instant::now();
        loop {
            let told = self.0.lock().unwrap_or_else(PoisonError::into_inner).clone();
            if let Some((_, span)) = told.iter().find(|(by, span)| by == service && span.name.ends_with(name)) {
                return span.clone();
            }
            let names: Vec<_> = told.iter().map(|(by, span)| format!("{by} {}", span.name)).collect();
            assert!(begun.elapsed() < Duration::from_secs(30), "no {name} of {service}: {names:?}");
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    /// Waits until a span that begins so is in a trace: each process exports its own, when it comes to it.
    fn joins(&self, id: &[u8], begins: &str) {
        let begun = Instant::now();
        loop {
            let told = self.0.lock().unwrap_or_else(PoisonError::into_inner).clone();
            let of_trace = told.iter().filter(|(_, span)| span.trace_id == id);
            let trace: Vec<_> = of_trace.map(|(by, span)| format!("{by} {}", span.name)).collect();
            if trace.iter().any(|span| span.starts_with(begins)) {
                return;
            }
            assert!(begun.elapsed() < Duration::from_secs(30), "no {begins} in {trace:?}");
            std::thread::sleep(Duration::from_millis(50));
        }
    }
}

/// Ends a process with the test.
struct Process(std::process::Child);

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn free_port() -> u16 {
    std::net::TcpListener::bind("127.0.0.1:0").expect("a port").local_addr().expect("an address").port()
}

#[test]
fn one_trace_goes_through_both_services_and_one_through_the_relay() {
    let (collector, folder) = (Collector::default(), folder());
    let (_threads, address) = collector.start();
    let mut settings = vec![
        ("TOWNLINK__TELEMETRY__OTLP_ENDPOINT".to_owned(), address),
        ("TOWNLINK__OPERATIONS__LISTEN".to_owned(), "off".to_owned()),
    ];
    for service in ["OFFICE", "GATEWAY"] {
        let address = format!("127.0.0.1:{}", free_port());
        for key in ["LISTEN", "ADDRESS"] {
            settings.push((format!("TOWNLINK__SERVICES__{service}__{key}"), address.clone()));
        }
    }
    let command = |arguments: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_townlink"));
        command.args(arguments).current_dir(folder.path()).envs(settings.clone()).stdin(Stdio::null());
        command.env_remove("TOWNLINK_AS").env_remove("TOWNLINK_DATA_DIR");
        command
    };
    let run = |arguments: &[&str]| -> Output { command(arguments).output().expect("the program runs") };
    let until = |arguments: &[&str]| {
        let begun = Instant::now();
        loop {
            let output = run(arguments);
            if output.status.success() {
                return stdout(&output);
            }
            assert!(begun.elapsed() < Duration::from_secs(60), "{arguments:?} {}", stderr(&output));
            std::thread::sleep(Duration::from_millis(50));
        }
    };
    let up = ["up", "--clock", "manual", "--start", "2026-03-02T09:00:00+08:00"];
    let mut town = Process(command(&up).stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("it runs"));
    until(&["roster", "list"]);
    paper(&until);

    // Inside one process, over a pipe: the gateway asks the office what the person may do.
    let registered = collector.find("gateway", "KeyService/RegisterKey");
    collector.joins(&registered.trace_id, "office townlink.office.v1.RosterService/");

    // Through the relay: what becomes of a paper is one trace, whoever does something about it.
    let (accepted, delivered) = (collector.find("gateway", "accept"), collector.find("gateway", "deliver"));
    let (taken, signed) = (collector.find("office", "DeliveryService/Deliver"), collector.find("office", "sign for"));
    for span in [&delivered, &taken, &signed] {
        assert_eq!(span.trace_id, accepted.trace_id, "{}", span.name);
    }
    let (issued, signing) = (collector.find("gateway", "IssuePaper"), collector.find("office", "SignForPaper"));
    for (step, call) in [(&accepted, &issued), (&signed, &signing)] {
        assert_ne!(step.trace_id, call.trace_id);
        let link = step.links.first().expect("a link to the call");
        assert_eq!((&link.trace_id, &link.span_id), (&call.trace_id, &call.span_id), "{}", step.name);
    }
    says_nothing(&collector);

    // Over the network: the same between processes.
    drop(town.0.kill());
    town.0.wait().expect("it ends");
    collector.0.lock().unwrap_or_else(PoisonError::into_inner).clear();
    let serve = |service| {
        Process(command(&["serve", service]).stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("it runs"))
    };
    let (_office, _gateway) = (serve("office"), serve("gateway"));
    until(&["key", "generate", "second"]);
    until(&["--as", "person/key-confirmer", "--json", "key", "show", "county-government"]);
    let called = collector.find("gateway", "KeyService/GetKey");
    collector.joins(&called.trace_id, "office townlink.office.v1.RosterService/");
}

/// A paper from the county, as far as its sign-for.
fn paper(until: &impl Fn(&[&str]) -> String) {
    until(&["key", "generate", "county-government"]);
    let who = ["--as", "person/key-registrar", "key", "register", "county-government", "--owner", "county/government"];
    let what = ["--issuer", "昆山市人民政府", "--from", "2026-03-02", "--document", "昆政办函〔2026〕1号"];
    until(&[&who[..], &what].concat());
    until(&["--as", "person/key-confirmer", "key", "confirm", "county-government"]);
    let issue = ["--as", "county/government", "relay", "issue", "--key", "county-government"];
    let face = ["--issuer", "昆山市人民政府", "--to", "张浦镇人民政府", "--title", "关于安全生产的通知"];
    until(&[&issue[..], &face, &["--number", "昆政发〔2026〕7号"]].concat());
    let listed: serde_json::Value = serde_json::from_str(&arrived(until)).expect("JSON");
    let name = listed["papers"][0]["name"].as_str().expect("a paper").to_owned();
    until(&["--as", "person/relay-clerk", "inbox", "sign-for", &name]);
}

/// The inbox, once something is in it.
fn arrived(until: &impl Fn(&[&str]) -> String) -> String {
    let begun = Instant::now();
    loop {
        let listed = until(&["--as", "person/relay-clerk", "--json", "inbox", "list"]);
        if listed.contains("inboxes/OFFICE/papers/") || begun.elapsed() > Duration::from_secs(30) {
            return listed;
        }
        std::thread::sleep(Duration::from_millis(50));
    }
}

/// No span holds who acted, what about, or anything that was said.
fn says_nothing(collector: &Collector) {
    let told = collector.0.lock().unwrap_or_else(PoisonError::into_inner).clone();
    for (by, span) in told {
        let shown = format!("{span:?}");
        for word in
            ["person/", "county/government", "key-registrar", "relay-clerk", "senders/", "inboxes/", "昆政", "安全生产"]
        {
            assert!(!shown.contains(word), "{by} tells {word}: {shown}");
        }
    }
}
