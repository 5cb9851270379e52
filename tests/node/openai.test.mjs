// The `openai` package of Node, unmodified, with the gate as its base URL.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import OpenAI from 'openai';

const need = (name) => {
  assert.ok(process.env[name], `${name} is not set: run this by cargo xtask clients`);
  return process.env[name];
};
const FOX = 'The quick brown fox jumps over the lazy dog, and the river carries the moon away.';
const messages = [{ role: 'user', content: 'hello' }];
const client = (key, options = {}) =>
  new OpenAI({ baseURL: `${need('GATE_URL')}/llm/openai/v1`, apiKey: key, maxRetries: 0, timeout: 20_000, ...options });
const bot = (options) => client(need('BOT_KEY'), options);

test('chat', async () => {
  const answer = await bot().chat.completions.create({ model: 'gpt-mock', messages });
  assert.equal(answer.choices[0].message.content, FOX);
});

test('the raw answer carries the record', async () => {
  const { response } = await bot().chat.completions.create({ model: 'gpt-mock', messages }).withResponse();
  assert.match(response.headers.get('portcullis-record'), /^act_/);
});

test('stream', async () => {
  let said = '';
  for await (const chunk of await bot().chat.completions.create({ model: 'gpt-mock', messages, stream: true })) {
    said += chunk.choices[0]?.delta?.content ?? '';
  }
  assert.equal(said, FOX);
});

test('tools, whole and streamed', async () => {
  const tools = [{ type: 'function', function: { name: 'get_weather', parameters: { type: 'object', properties: {} } } }];
  const whole = await bot().chat.completions.create({ model: 'gpt-mock-tool', messages, tools });
  const expected = whole.choices[0].message.tool_calls[0].function.arguments;
  let streamed = '';
  for await (const chunk of await bot().chat.completions.create({ model: 'gpt-mock-tool', messages, tools, stream: true })) {
    streamed += chunk.choices[0]?.delta?.tool_calls?.[0]?.function?.arguments ?? '';
  }
  assert.deepEqual(JSON.parse(streamed), JSON.parse(expected));
});

test('responses, whole and streamed', async () => {
  const whole = await bot().responses.create({ model: 'gpt-mock', input: 'hello' });
  assert.equal(whole.output_text, FOX);
  let said = '';
  for await (const event of await bot().responses.create({ model: 'gpt-mock', input: 'hello', stream: true })) {
    if (event.type === 'response.output_text.delta') said += event.delta;
  }
  assert.equal(said, FOX);
});

test('embeddings and models', async () => {
  const embedded = await bot().embeddings.create({ model: 'gpt-mock', input: 'hello', encoding_format: 'float' });
  assert.deepEqual(embedded.data[0].embedding, [0.125, -0.5, 0.25]);
  assert.equal((await bot().models.list()).data.length, 2);
});

test('a secret is masked', async () => {
  let said = '';
  for await (const chunk of await bot().chat.completions.create({ model: 'gpt-mock-leak', messages, stream: true })) {
    said += chunk.choices[0]?.delta?.content ?? '';
  }
  assert.ok(!said.includes(need('TOKEN')), said);
  assert.ok(said.endsWith('nobody should see it.'), said);
});

test('every refusal is its own class', async () => {
  const call = (who, model = 'gpt-mock') => who.chat.completions.create({ model, messages });
  await assert.rejects(call(client('pc_nobody')), OpenAI.AuthenticationError);
  await assert.rejects(call(client(need('CLERK_KEY'))), OpenAI.PermissionDeniedError);
  await assert.rejects(async () => {
    for (let n = 0; n < 3; n++) await call(client(need('POOR_KEY')));
  }, OpenAI.RateLimitError);
  await assert.rejects(call(bot({ timeout: 300 }), 'gpt-mock-hang'), OpenAI.APIConnectionTimeoutError);
  await assert.rejects(call(bot(), 'gpt-mock-hang'), (error) => error.status === 504 && /act_/.test(error.message));
  await assert.rejects(call(bot(), 'gpt-mock-error-500'), OpenAI.InternalServerError);
});
