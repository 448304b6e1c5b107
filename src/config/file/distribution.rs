//! The `[distribution]` table as it is written.

use schemars::JsonSchema;
use serde::Deserialize;

use super::super::placed::At;

/// How code comes to many hosts: by way of a store that they fetch it from.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::config) struct DistributionTable {
    /// The store: a bucket, and what stands before every name in it.
    #[schemars(example = &"s3://deploys/shop")]
    pub(in crate::config) store: Option<At<String>>,
    /// The address of a server that speaks S3's language; Amazon's if left out.
    #[schemars(example = &"https://s3.example.org")]
    pub(in crate::config) endpoint: Option<At<String>>,
    /// The region; what `AWS_REGION` says if left out, else `us-east-1`.
    #[schemars(example = &"eu-central-1")]
    pub(in crate::config) region: Option<At<String>>,
    /// From how many hosts on that lack the same it is fetched from there; 10 if left out.
    #[schemars(example = 10)]
    pub(in crate::config) min_hosts: Option<At<i64>>,
}
