// The suite cannot be told a credential: this adds one to each request, and changes nothing else.
//
// `relay.mjs TARGET KEY` prints the port that it listens on.

import http from "node:http";

const [target, key] = process.argv.slice(2);
const { hostname, port } = new URL(target);

function relay(request, response) {
  const headers = [...request.rawHeaders, "authorization", `Bearer ${key}`];
  const options = { hostname, port, method: request.method, path: request.url, headers, setHost: false };
  const onward = http.request(options, (answer) => {
    response.writeHead(answer.statusCode, answer.rawHeaders);
    // A stream's head is an answer already.
    response.flushHeaders();
    answer.pipe(response);
  });
  onward.on("error", () => response.destroy());
  response.on("close", () => onward.destroy());
  request.pipe(onward);
}

const server = http.createServer(relay);
server.listen(0, "127.0.0.1", () => console.log(server.address().port));
