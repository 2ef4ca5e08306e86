//! Server reflection: which services there are, for clients that were built without the .proto files.

use axum::body::Body as Messages;
use futures_util::StreamExt as _;
use http::Request;
use tonic::body::Body;
use tonic::service::{LayerExt as _, Routes};
use tonic_reflection::server::{Builder, Error};
use tower::util::MapRequestLayer;

use crate::shutdown::Drain;

/// Adds both versions of it.
///
/// # Errors
/// When the descriptors cannot be read.
pub(crate) fn add_to(routes: Routes, drain: &Drain) -> Result<Routes, Error> {
    let descriptors = [proto::DESCRIPTORS, tonic_health::pb::FILE_DESCRIPTOR_SET];
    let reflection = || {
        let add = |builder: Builder<'static>, set| builder.register_encoded_file_descriptor_set(set);
        descriptors.into_iter().fold(Builder::configure(), add)
    };
    let drain = drain.clone();
    let ending = MapRequestLayer::new(move |request| ends_with(drain.clone(), request));
    Ok(routes
        .add_service(ending.named_layer(reflection().build_v1()?))
        .add_service(ending.named_layer(reflection().build_v1alpha()?)))
}

/// A stream of questions ends when draining begins: clients leave theirs open, and would hold the process back.
fn ends_with(drain: Drain, request: Request<Body>) -> Request<Body> {
    request.map(|questions| {
        let questions = Messages::new(questions).into_data_stream();
        Body::new(Messages::from_stream(questions.take_until(Box::pin(drain.begun()))))
    })
}
