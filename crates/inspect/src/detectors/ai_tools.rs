//! Credentials of smaller model providers, speech, search and tracing services for models.

use super::pattern::{ALNUM, HEX, LOWER_NUM, STD64, URL64, UUID, between, exactly, open, text};
use super::{Declaration, keyed, token};
use crate::validators::is_mixed;

pub(super) const ALL: &[Declaration] = &[
    keyed!(
        cohere_key,
        "Cohere keys",
        ["cohere", "co_api_key"],
        [exactly(&ALNUM, 40)],
        "Cohere: API keys"
    )
    .check(is_mixed),
    keyed!(mistral_key, "Mistral keys", ["mistral"], [exactly(&ALNUM, 32)], "Mistral: API keys")
        .check(is_mixed),
    token!(
        together_key,
        "Together keys",
        ["tgp_v1_"],
        [between(&URL64, 40, 48)],
        "Together: API keys"
    ),
    keyed!(
        together_user_key,
        "Together keys of the older form",
        ["together"],
        [exactly(&HEX, 64)],
        "Together: API keys"
    ),
    token!(
        fireworks_key,
        "Fireworks keys",
        ["fw_"],
        [between(&ALNUM, 22, 26)],
        "Fireworks: API keys"
    )
    .check(is_mixed),
    token!(
        anyscale_key,
        "Anyscale keys",
        ["esecret_"],
        [between(&ALNUM, 26, 40)],
        "Anyscale: API keys"
    ),
    keyed!(
        assemblyai_key,
        "AssemblyAI keys",
        ["assemblyai", "assembly_ai", "assembly-ai"],
        [exactly(&HEX, 32)],
        "AssemblyAI: authentication"
    ),
    keyed!(
        deepgram_key,
        "Deepgram keys",
        ["deepgram", "dg_api"],
        [exactly(&HEX, 40)],
        "Deepgram: API keys"
    ),
    token!(voyage_key, "Voyage keys", ["pa-"], [exactly(&URL64, 43)], "Voyage: API keys")
        .check(is_mixed)
        .confidence(0.85),
    token!(jina_key, "Jina keys", ["jina_"], [between(&URL64, 55, 65)], "Jina: API keys"),
    token!(
        cerebras_key,
        "Cerebras keys",
        ["csk-"],
        [exactly(&LOWER_NUM, 48)],
        "Cerebras: API keys"
    ),
    token!(nomic_key, "Nomic keys", ["nk-"], [exactly(&URL64, 43)], "Nomic: API keys")
        .check(is_mixed),
    token!(
        friendli_token,
        "Friendli tokens",
        ["flp_"],
        [between(&ALNUM, 40, 60)],
        "Friendli: personal access tokens"
    ),
    token!(
        langchain_key,
        "LangSmith keys of the older form",
        ["ls__"],
        [exactly(&HEX, 32)],
        "LangSmith: API keys"
    ),
    token!(
        helicone_key,
        "Helicone keys",
        ["sk-helicone-", "pk-helicone-"],
        [
            exactly(&LOWER_NUM, 7),
            text("-"),
            exactly(&LOWER_NUM, 7),
            text("-"),
            exactly(&LOWER_NUM, 7),
            text("-"),
            exactly(&LOWER_NUM, 7)
        ],
        "Helicone: API keys"
    ),
    keyed!(
        wandb_key,
        "Weights & Biases keys",
        ["wandb", "wandb_api"],
        [exactly(&HEX, 40)],
        "Weights & Biases: API keys"
    ),
    token!(
        wandb_service_key,
        "Weights & Biases keys of the newer form",
        ["wandb_v1_"],
        [between(&URL64, 60, 100)],
        "Weights & Biases: API keys"
    ),
    token!(firecrawl_key, "Firecrawl keys", ["fc-"], [exactly(&HEX, 32)], "Firecrawl: API keys"),
    keyed!(exa_key, "Exa keys", ["exa_api", "exa-api", "exa.ai"], UUID, "Exa: API keys"),
    token!(
        brave_search_key,
        "Brave search keys",
        ["BSA"],
        [exactly(&URL64, 28)],
        "Brave search: API keys"
    )
    .check(is_mixed),
    keyed!(
        serpapi_key,
        "SerpApi keys",
        ["serpapi", "serp_api"],
        [exactly(&HEX, 64)],
        "SerpApi: API keys"
    ),
    keyed!(serper_key, "Serper keys", ["serper"], [exactly(&HEX, 40)], "Serper: API keys"),
    token!(e2b_key, "E2B keys", ["e2b_"], [exactly(&HEX, 40)], "E2B: API keys"),
    token!(
        modal_token,
        "Modal token ids and secrets",
        ["ak-", "as-"],
        [exactly(&ALNUM, 22)],
        "Modal: tokens"
    )
    .check(is_mixed),
    token!(runpod_key, "RunPod keys", ["rpa_"], [between(&ALNUM, 40, 52)], "RunPod: API keys"),
    keyed!(
        vast_key,
        "Vast.ai keys",
        ["vast_api", "vastai", "vast.ai"],
        [exactly(&HEX, 64)],
        "Vast.ai: API keys"
    ),
    keyed!(
        baseten_key,
        "Baseten keys",
        ["baseten"],
        [exactly(&ALNUM, 8), text("."), exactly(&ALNUM, 32)],
        "Baseten: API keys"
    ),
    keyed!(
        ollama_key,
        "Ollama cloud keys",
        ["ollama"],
        [exactly(&HEX, 32), text("."), exactly(&URL64, 24)],
        "Ollama: API keys"
    ),
    token!(cursor_key, "Cursor keys", ["key_"], [exactly(&HEX, 64)], "Cursor: API keys"),
    token!(retell_key, "Retell keys", ["key_"], [exactly(&HEX, 28)], "Retell: API keys"),
    keyed!(
        zhipu_key,
        "Zhipu keys",
        ["zhipu", "bigmodel", "glm_api", "zai_api"],
        [exactly(&HEX, 32), text("."), exactly(&ALNUM, 16)],
        "Zhipu: API keys"
    ),
    keyed!(ai21_key, "AI21 keys", ["ai21"], [exactly(&ALNUM, 32)], "AI21: API keys")
        .check(is_mixed),
    keyed!(lakera_key, "Lakera keys", ["lakera"], [exactly(&HEX, 64)], "Lakera: API keys"),
    token!(context7_key, "Context7 keys", ["ctx7sk-"], UUID, "Context7: API keys"),
    token!(
        openai_session_token,
        "OpenAI session keys",
        ["sess-"],
        [exactly(&ALNUM, 40)],
        "OpenAI API reference: authentication"
    )
    .check(is_mixed),
    keyed!(
        fal_key,
        "fal keys",
        ["fal_key", "fal-key", "fal.ai", "fal_api"],
        [
            exactly(&HEX, 8),
            text("-"),
            exactly(&HEX, 4),
            text("-"),
            exactly(&HEX, 4),
            text("-"),
            exactly(&HEX, 4),
            text("-"),
            exactly(&HEX, 12),
            text(":"),
            exactly(&HEX, 32)
        ],
        "fal: authentication"
    ),
    keyed!(
        pinecone_user_key,
        "Pinecone keys of the older form",
        ["pinecone"],
        UUID,
        "Pinecone: API keys"
    ),
    token!(
        llamacloud_key,
        "LlamaCloud keys",
        ["llx-"],
        [exactly(&ALNUM, 48)],
        "LlamaCloud: API keys"
    ),
    token!(
        braintrust_key,
        "Braintrust service tokens",
        ["bt-st-"],
        [between(&ALNUM, 40, 56)],
        "Braintrust: API keys"
    ),
    keyed!(agentops_key, "AgentOps keys", ["agentops"], UUID, "AgentOps: API keys"),
    keyed!(
        livekit_secret,
        "LiveKit secrets",
        ["livekit"],
        [between(&ALNUM, 43, 46)],
        "LiveKit: keys and tokens"
    )
    .check(is_mixed),
    keyed!(vapi_key, "Vapi keys", ["vapi"], UUID, "Vapi: API keys"),
    token!(
        cartesia_key,
        "Cartesia keys",
        ["sk_car_"],
        [between(&ALNUM, 20, 28)],
        "Cartesia: API keys"
    ),
    keyed!(comet_key, "Comet keys", ["comet"], [exactly(&ALNUM, 25)], "Comet: API keys")
        .check(is_mixed),
    // Base64 of a JSON object that begins with "api_address".
    token!(
        neptune_token,
        "Neptune tokens",
        ["eyJhcGlfYWRkcmVzcyI6"],
        [open(&STD64, 60, 400)],
        "Neptune: API tokens"
    ),
    keyed!(
        stability_key,
        "Stability keys of the older form",
        ["stability", "dreamstudio"],
        [exactly(&HEX, 64)],
        "Stability: authentication"
    ),
    keyed!(
        unstructured_key,
        "Unstructured keys",
        ["unstructured"],
        [exactly(&ALNUM, 30)],
        "Unstructured: API keys"
    )
    .check(is_mixed),
    keyed!(sambanova_key, "SambaNova keys", ["sambanova"], UUID, "SambaNova: API keys"),
    keyed!(
        roboflow_key,
        "Roboflow keys",
        ["roboflow"],
        [exactly(&ALNUM, 20)],
        "Roboflow: API keys"
    )
    .check(is_mixed),
];
