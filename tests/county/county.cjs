// A county's client with nothing of ours: @grpc/grpc-js over mutual TLS, the contracts by reflection, signatures by Node.
//
//   node county.cjs --address HOST:PORT --authority CA.pem --identity IDENTITY.pem --key IDENTITY.key COMMAND …
//
//   issue --sender DEPARTMENT --issuer NAME --to NAME --number 文号 --title 标题 --date DAY --key-id ID --signing-key ED25519.pem
//   watch --sender DEPARTMENT [--after POSITION] --until RECEIPT_TYPE
//   pull --department DEPARTMENT [--after NUMBER]
//   acknowledge --name NAME --type RECEIPT_TYPE [--reason WORDS]
//
// Each prints one JSON value on standard output; exit 0 if it was done, else 1 with the reason on standard error.
// The packages are found by NODE_PATH.
"use strict";

const crypto = require("node:crypto");
const fs = require("node:fs");
const { parseArgs } = require("node:util");
const grpc = require("@grpc/grpc-js");
const { GrpcReflection } = require("grpc-js-reflection-client");

const DEADLINE_MS = 60_000;
const FORM = { keepCase: true, enums: String, longs: Number, oneofs: true };

function read() {
  const names = ["address", "authority", "identity", "key", "tls-name", "sender", "issuer", "to", "number", "title", "date",
    "key-id", "signing-key", "after", "until", "department", "name", "type", "reason"];
  const options = Object.fromEntries(names.map((name) => [name, { type: "string" }]));
  const { values, positionals } = parseArgs({ options, allowPositionals: true });
  return { ...values, command: positionals[0] };
}

// A client of one service, made of what the town says of itself.
async function client(given, service) {
  const content = (path) => fs.readFileSync(path);
  const credentials = grpc.credentials.createSsl(content(given.authority), content(given.key), content(given.identity));
  const options = { "grpc.ssl_target_name_override": given["tls-name"] ?? "localhost" };
  const reflection = new GrpcReflection(given.address, credentials, options, "v1");
  const descriptor = await reflection.getDescriptorBySymbol(`townlink.gateway.v1.${service}`);
  const Service = descriptor.getPackageObject(FORM).townlink.gateway.v1[service];
  return new Service(given.address, credentials, options);
}

function call(town, method, request) {
  return new Promise((resolve, reject) => {
    const deadline = Date.now() + DEADLINE_MS;
    town[method](request, { deadline }, (error, answer) => (error ? reject(error) : resolve(answer)));
  });
}

// The first message of a stream for which `found` gives something.
function follow(town, method, request, found) {
  return new Promise((resolve, reject) => {
    const stream = town[method](request, { deadline: Date.now() + DEADLINE_MS });
    let done = false;
    stream.on("data", (told) => {
      const value = done ? undefined : found(told);
      if (value !== undefined) {
        done = true;
        resolve(value);
        stream.cancel();
      }
    });
    stream.on("error", (error) => done || reject(error));
    stream.on("end", () => done || reject(new Error("the stream ended too early")));
  });
}

const commands = {
  async issue(given) {
    const id = crypto.randomUUID();
    const payload = Buffer.from(JSON.stringify({
      v: 1, msgId: id, docType: "通知", docNo: given.number, title: given.title, issuer: given.issuer, signatory: null,
      mainTo: [given.to], copyTo: [], urgency: null, issueDate: given.date, due: null, actionClass: "阅办", secrecy: "NONE",
      openness: "依申请公开", refDocNo: null, attachments: [], alg: "Ed25519", keyId: given["key-id"], sender: given.sender,
      consent: null, agreedBy: [], matters: 1,
    }));
    const value = crypto.sign(null, payload, fs.readFileSync(given["signing-key"]));
    const request = { request_id: id, payload, signatures: [{ key_id: given["key-id"], algorithm: "Ed25519", value }] };
    const town = await client(given, "PaperService");
    const receipt = await call(town, "IssuePaper", request);
    const again = await call(town, "IssuePaper", request);
    if (JSON.stringify(again) !== JSON.stringify(receipt)) throw new Error("the same paper again got another receipt");
    return receipt;
  },

  async watch(given) {
    const town = await client(given, "PaperService");
    const events = [];
    const request = { parent: `senders/${given.sender}`, after_position: Number(given.after ?? 0) };
    return follow(town, "WatchPapers", request, (told) => {
      if (told.event) events.push(told);
      const ends = told.event === "receipt" && told.receipt.type === `RECEIPT_TYPE_${given.until}`;
      return ends ? { position: told.position, events } : undefined;
    });
  },

  async pull(given) {
    const town = await client(given, "DispatchService");
    const after = Number(given.after ?? 0);
    const request = { parent: `departments/${given.department}`, after_number: after };
    return follow(town, "PullDispatches", request, ({ dispatch }) => {
      if (!dispatch) return undefined;
      if (dispatch.number !== after + 1) throw new Error(`dispatch ${dispatch.number} is not the next one`);
      return { name: dispatch.name, number: dispatch.number, payload: JSON.parse(dispatch.payload) };
    });
  },

  async acknowledge(given) {
    const town = await client(given, "DispatchService");
    const request = { request_id: crypto.randomUUID(), name: given.name, type: `RECEIPT_TYPE_${given.type}`, reason: given.reason };
    return call(town, "AcknowledgeDispatch", request);
  },
};

const given = read();
commands[given.command](given)
  .then((value) => {
    console.log(JSON.stringify(value));
    process.exit(0);
  })
  .catch((error) => {
    console.error(error.message);
    process.exit(1);
  });
