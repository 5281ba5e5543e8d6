//! What a server tells of itself while it runs: lines on standard error, and spans to a collector where it is built for that and told of one.
//!
//! Neither holds personal data: events name codes, routes and ids.

use tracing_subscriber::{EnvFilter, Layer as _, fmt, layer::SubscriberExt as _, util::SubscriberInitExt as _};

/// Until this is dropped the server tells; then whatever is on its way is sent.
#[must_use = "what is told last is sent when this is dropped"]
pub struct Telling {
    #[cfg(feature = "otel")]
    spans: Option<spans::Provider>,
}

/// Starts. JSON where `ZHAOSHEN_LOG_FORMAT=json` asks for it; what is told follows `ZHAOSHEN_LOG`, `info` where nobody says.
pub fn start() -> Telling {
    let filter = EnvFilter::try_from_env("ZHAOSHEN_LOG").unwrap_or_else(|_| EnvFilter::new("info"));
    let lines = fmt::layer().with_writer(std::io::stderr).with_ansi(false);
    let lines =
        if std::env::var("ZHAOSHEN_LOG_FORMAT").is_ok_and(|format| format == "json") { lines.json().boxed() } else { lines.boxed() };
    let subscriber = tracing_subscriber::registry().with(filter).with(lines);
    #[cfg(feature = "otel")]
    {
        let (spans, problem) = match spans::provider() {
            Ok(spans) => (spans, None),
            Err(error) => (None, Some(error)),
        };
        let _ = subscriber.with(spans.as_ref().map(spans::layer)).try_init();
        if let Some(error) = problem {
            tracing::error!(%error, "no spans are sent");
        }
        Telling { spans }
    }
    #[cfg(not(feature = "otel"))]
    {
        // Fails only where a logger is set already, which is then the one to use.
        let _ = subscriber.try_init();
        Telling {}
    }
}

#[cfg(feature = "otel")]
impl Drop for Telling {
    fn drop(&mut self) {
        if let Some(Err(error)) = self.spans.as_ref().map(spans::Provider::shutdown) {
            eprintln!("the last spans were not sent: {error}");
        }
    }
}

/// Spans as OpenTelemetry has them, sent in batches over HTTP by a thread of their own. The collector and all else is named by the variables of
/// the standard (`OTEL_EXPORTER_OTLP_ENDPOINT`, `OTEL_EXPORTER_OTLP_HEADERS`, `OTEL_RESOURCE_ATTRIBUTES`, `OTEL_SERVICE_NAME`).
#[cfg(feature = "otel")]
mod spans {
    use opentelemetry::trace::TracerProvider as _;
    use opentelemetry_otlp::{ExporterBuildError, SpanExporter};
    use opentelemetry_sdk::{Resource, trace::SdkTracer};
    use tracing::Subscriber;
    use tracing_opentelemetry::OpenTelemetryLayer;
    use tracing_subscriber::registry::LookupSpan;

    pub use opentelemetry_sdk::trace::SdkTracerProvider as Provider;

    const COLLECTORS: [&str; 2] = ["OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT"];

    /// What sends spans; nothing where no collector is named.
    pub fn provider() -> Result<Option<Provider>, ExporterBuildError> {
        if COLLECTORS.iter().all(|name| std::env::var_os(name).is_none()) {
            return Ok(None);
        }
        let exporter = SpanExporter::builder().with_http().build()?;
        let resource = Resource::builder();
        let resource = if std::env::var_os("OTEL_SERVICE_NAME").is_some() { resource } else { resource.with_service_name("zhaoshen") };
        Ok(Some(Provider::builder().with_batch_exporter(exporter).with_resource(resource.build()).build()))
    }

    /// The layer that makes spans.
    pub fn layer<S: Subscriber + for<'a> LookupSpan<'a>>(provider: &Provider) -> OpenTelemetryLayer<S, SdkTracer> {
        tracing_opentelemetry::layer().with_tracer(provider.tracer("zhaoshen")).with_location(false).with_threads(false)
    }
}
