//! Credentials of model providers and the tools around them.

use super::pattern::{ALNUM, HEX, URL64, WORD, between, exactly, text};
use super::{Declaration, token};
use crate::validators::is_mixed;

pub(super) const ALL: &[Declaration] = &[
    token!(
        openai_key,
        "OpenAI project, service account and admin keys",
        ["sk-proj-", "sk-svcacct-", "sk-admin-", "sk-None-"],
        [between(&URL64, 40, 220)],
        "OpenAI API reference: authentication"
    ),
    token!(
        openai_user_key,
        "OpenAI user keys",
        ["sk-"],
        [exactly(&ALNUM, 48)],
        "OpenAI API reference: authentication"
    )
    .check(is_mixed),
    token!(
        anthropic_key,
        "Anthropic API keys",
        ["sk-ant-api03-"],
        [between(&URL64, 80, 120)],
        "Anthropic API: getting started"
    ),
    token!(
        anthropic_admin_key,
        "Anthropic admin keys",
        ["sk-ant-admin01-"],
        [between(&URL64, 80, 120)],
        "Anthropic: admin API"
    ),
    token!(
        anthropic_oauth_token,
        "Anthropic OAuth tokens",
        ["sk-ant-oat01-", "sk-ant-ort01-"],
        [between(&URL64, 80, 120)],
        "Claude Code: authentication"
    ),
    token!(
        openrouter_key,
        "OpenRouter keys",
        ["sk-or-v1-"],
        [exactly(&HEX, 64)],
        "OpenRouter: API authentication"
    ),
    token!(
        deepseek_key,
        "DeepSeek keys and others in their form",
        ["sk-"],
        [exactly(&HEX, 32)],
        "DeepSeek API docs: first call"
    )
    .confidence(0.85),
    token!(
        huggingface_token,
        "Hugging Face tokens",
        ["hf_", "api_org_"],
        [exactly(&ALNUM, 34)],
        "Hugging Face: user access tokens"
    ),
    token!(groq_key, "Groq keys", ["gsk_"], [exactly(&ALNUM, 52)], "Groq: API keys"),
    token!(
        perplexity_key,
        "Perplexity keys",
        ["pplx-"],
        [between(&ALNUM, 40, 56)],
        "Perplexity: API keys"
    ),
    token!(xai_key, "xAI keys", ["xai-"], [exactly(&ALNUM, 80)], "xAI: API keys"),
    token!(
        replicate_token,
        "Replicate tokens",
        ["r8_"],
        [exactly(&ALNUM, 37)],
        "Replicate: authentication"
    ),
    token!(
        nvidia_key,
        "NVIDIA API keys",
        ["nvapi-"],
        [between(&URL64, 60, 72)],
        "NVIDIA NIM: API keys"
    ),
    token!(tavily_key, "Tavily keys", ["tvly-"], [between(&URL64, 32, 60)], "Tavily: API keys"),
    token!(
        langsmith_key,
        "LangSmith keys",
        ["lsv2_pt_", "lsv2_sk_"],
        [exactly(&HEX, 32), text("_"), exactly(&HEX, 10)],
        "LangSmith: API keys"
    ),
    token!(
        langfuse_key,
        "Langfuse secret keys",
        ["sk-lf-"],
        [
            exactly(&HEX, 8),
            text("-"),
            exactly(&HEX, 4),
            text("-"),
            exactly(&HEX, 4),
            text("-"),
            exactly(&HEX, 4),
            text("-"),
            exactly(&HEX, 12)
        ],
        "Langfuse: API keys"
    ),
    token!(
        pinecone_key,
        "Pinecone keys",
        ["pcsk_"],
        [between(&WORD, 60, 80)],
        "Pinecone: API keys"
    ),
    token!(elevenlabs_key, "ElevenLabs keys", ["sk_"], [exactly(&HEX, 48)], "ElevenLabs: API keys"),
];
