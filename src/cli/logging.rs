//! What the commands that serve tell of themselves: lines on stderr, in English, and spans to a collector where the program is built for that and
//! told of one. Neither holds personal data. What is logged may be changed while it runs.

use std::{fs, io};

use tracing_subscriber::{EnvFilter, Layer as _, fmt, layer::SubscriberExt as _, reload, util::SubscriberInitExt as _};

/// A file with what is logged; it wins over the variable, because a running process's variables cannot be changed.
const FILTER_FILE: &str = "ZHAOSHEN_LOG_FILTER_FILE";
/// What is logged: `info`, `warn,zhaoshen=debug` …
const FILTER: &str = "ZHAOSHEN_LOG";

type Replace = dyn Fn(EnvFilter) -> Result<(), tracing_subscriber::reload::Error> + Send + Sync;

/// What is logged, for changing it. When it is dropped whatever is on its way to a collector is sent.
#[must_use = "what is told last is sent when this is dropped"]
pub struct LogLevel {
    replace: Box<Replace>,
    #[cfg(feature = "otel")]
    spans: Option<spans::Provider>,
}

#[cfg(feature = "otel")]
impl Drop for LogLevel {
    fn drop(&mut self) {
        if let Some(Err(error)) = self.spans.as_ref().map(spans::Provider::shutdown) {
            eprintln!("the last spans were not sent: {error}");
        }
    }
}

impl LogLevel {
    /// Reads again what is to be logged; what makes no sense changes nothing.
    pub fn reload(&self) {
        match asked_for() {
            Ok(Some(filter)) => {
                let text = filter.to_string();
                match (self.replace)(filter) {
                    Ok(()) => tracing::info!(filter = text, "what is logged was read again"),
                    Err(error) => tracing::warn!(%error, "what is logged could not be changed"),
                }
            }
            Ok(None) => {}
            Err(error) => tracing::warn!(%error, "what is to be logged makes no sense, it stays as it was"),
        }
    }
}

/// JSON where `ZHAOSHEN_LOG_FORMAT=json` asks for it; what is logged follows the file, else the variable, else `info`.
pub fn log_to_stderr() -> LogLevel {
    let filter = asked_for().ok().flatten().unwrap_or_else(|| EnvFilter::new("info"));
    let (filter, handle) = reload::Layer::new(filter);
    let lines = fmt::layer().with_writer(io::stderr).with_ansi(false);
    let lines =
        if std::env::var("ZHAOSHEN_LOG_FORMAT").is_ok_and(|format| format == "json") { lines.json().boxed() } else { lines.boxed() };
    let subscriber = tracing_subscriber::registry().with(filter).with(lines);
    let replace: Box<Replace> = Box::new(move |filter| handle.reload(filter));
    #[cfg(feature = "otel")]
    {
        let (spans, problem) = match spans::provider() {
            Ok(spans) => (spans, None),
            Err(error) => (None, Some(error)),
        };
        // Starting fails only where a logger is set already, which is then the one to use.
        let _ = subscriber.with(spans.as_ref().map(spans::layer)).try_init();
        if let Some(error) = problem {
            tracing::error!(%error, "no spans are sent");
        }
        LogLevel { replace, spans }
    }
    #[cfg(not(feature = "otel"))]
    {
        let _ = subscriber.try_init();
        LogLevel { replace }
    }
}

fn asked_for() -> io::Result<Option<EnvFilter>> {
    let text = match std::env::var_os(FILTER_FILE) {
        Some(file) => Some(fs::read_to_string(file)?),
        None => std::env::var(FILTER).ok(),
    };
    text.map(|text| EnvFilter::try_new(text.trim()).map_err(io::Error::other)).transpose()
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
