//! `ward serve`

use std::net::SocketAddr;
use std::path::Path;
use std::process::ExitCode;

use clap::Args;
use service::config::{self, Config};
use service::{App, Listeners, metrics, shutdown, telemetry};

use super::print;

/// Serve both models over gRPC.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// Address for gRPC, over the configuration's
    #[arg(long, env = "WARD_LISTEN", value_name = "ADDR")]
    listen: Option<SocketAddr>,
    /// Address for metrics and probes, over the configuration's
    #[arg(long, env = "WARD_ADMIN_LISTEN", value_name = "ADDR")]
    admin_listen: Option<SocketAddr>,
    /// Check configuration, runtime and models, say so, and end
    #[arg(long)]
    check: bool,
}

pub(crate) fn run(file: Option<&Path>, arguments: &Arguments) -> anyhow::Result<ExitCode> {
    let mut config = Config::load(file)?;
    config.server.listen = arguments.listen.unwrap_or(config.server.listen);
    config.server.admin_listen = arguments.admin_listen.unwrap_or(config.server.admin_listen);
    telemetry::start(config.log);
    if arguments.check {
        return check(&config);
    }
    let threads = config::transport_threads().get();
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(threads).enable_all().build()?;
    runtime.block_on(serve(config))?;
    Ok(ExitCode::SUCCESS)
}

fn check(config: &Config) -> anyhow::Result<ExitCode> {
    let app = App::start(config)?;
    print("The configuration is valid and the models load:")?;
    for identity in app.identities() {
        print(format!("  {} {}  {}", identity.name, identity.version, identity.sha256))?;
    }
    Ok(ExitCode::SUCCESS)
}

async fn serve(config: Config) -> anyhow::Result<()> {
    let metrics = metrics::install()?;
    let signals = shutdown::Signals::listen()?;
    let listeners = Listeners::bind(&config.server).await?;
    tracing::info!(
        version = env!("CARGO_PKG_VERSION"),
        listen = %listeners.grpc.local_addr()?,
        admin = %listeners.admin.local_addr()?,
        cores = config::cores().get(),
        transport_threads = config::transport_threads().get(),
        "starting"
    );
    service::serve(config, listeners, Some(metrics), signals.first()).await
}
