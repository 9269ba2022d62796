// A user of Deepgram's SDK: `node driver.mjs BASE_URL SCENARIO [FILE]`. Each thing heard is one line of JSON.
import { readFileSync } from "node:fs";

const [baseUrl, scenario, file] = process.argv.slice(2);

if (scenario === "browser") {
  // The SDK knows a browser by its window, and shows its key as subprotocols there, since no header can be set. Node has
  // a browser's WebSocket from release 22 on; what stands for it before takes no headers either.
  globalThis.window = { document: {}, navigator: { userAgent: "a browser" } };
  const { WebSocket } = await import("ws");
  globalThis.WebSocket ??= class extends WebSocket {
    constructor(url, protocols) {
      super(url, protocols);
    }
  };
}
const { DeepgramClient } = await import("@deepgram/sdk");

const LINEAR16 = { encoding: "linear16", sample_rate: 24000 };
const BYTES_IN_20_MS = 960;

function tell(heard) {
  console.log(JSON.stringify(heard));
}

class Agent {
  constructor(connection) {
    this.connection = connection;
    // Begun before the connection is: the SDK keeps nothing for a loop that begins later, and Welcome comes with the
    // answer to the handshake.
    this.messages = connection[Symbol.asyncIterator]();
    connection.on("close", ({ code }) => tell({ type: "close", code }));
  }

  async open() {
    this.connection.connect();
    await this.connection.waitForOpen();
    tell({ type: "open", subprotocol: this.connection.socket.protocol });
  }

  async until(...kinds) {
    for (;;) {
      const { value: message, done } = await this.messages.next();
      if (done) throw new Error(`closed before ${kinds}`);
      tell(message instanceof Blob ? { type: "audio", bytes: message.size } : message);
      if (kinds.includes(message.type)) return message;
      if (message.type === "Error") throw new Error(`refused before ${kinds}`);
    }
  }

  async settings({ think = {}, output = LINEAR16, ...agent } = {}) {
    await this.until("Welcome");
    this.connection.sendSettings({
      type: "Settings",
      audio: { input: LINEAR16, output },
      agent: {
        listen: { provider: { type: "deepgram", version: "v1", model: "nova-3" } },
        think: { provider: { type: "open_ai", model: "gpt-4o-mini" }, prompt: "Be brief.", ...think },
        speak: { provider: { type: "deepgram", model: "aura-2-thalia-en" } },
        ...agent,
      },
    });
    return this.until("SettingsApplied", "Error");
  }

  ask(content) {
    this.connection.sendInjectUserMessage({ type: "InjectUserMessage", content });
  }
}

async function written(agent) {
  await agent.settings({ greeting: "Hello!" });
  await agent.until("AgentAudioDone");
  agent.ask("Good morning");
  await agent.until("AgentAudioDone");
}

const scenarios = {
  written,

  browser: written,

  async spoken(agent) {
    await agent.settings();
    const pcm = readFileSync(file);
    for (let at = 0; at < pcm.length; at += BYTES_IN_20_MS) {
      agent.connection.sendMedia(pcm.subarray(at, at + BYTES_IN_20_MS));
    }
    // What the user said is written down in its own time, before the answer is or after it.
    let [lines, answered] = [0, false];
    while (lines < 2 || !answered) {
      const { type } = await agent.until("ConversationText", "AgentAudioDone");
      if (type === "ConversationText") lines += 1;
      else answered = true;
    }
  },

  async call(agent) {
    const functions = [{ name: "get_time", description: "Tells the time.", parameters: {} }];
    await agent.settings({ think: { functions } });
    agent.ask("What time is it?");
    const request = await agent.until("FunctionCallRequest");
    for (const { id, name } of request.functions) {
      agent.connection.sendFunctionCallResponse({ type: "FunctionCallResponse", id, name, content: "half past nine" });
    }
    await agent.until("AgentAudioDone");
  },

  async prompt(agent) {
    await agent.settings();
    agent.ask("Tell me a long story of the sea");
    await agent.until("AgentStartedSpeaking");
    agent.connection.sendUpdatePrompt({ type: "UpdatePrompt", prompt: "Always begin with: Ahoy" });
    await agent.until("AgentAudioDone");
    await agent.until("PromptUpdated");
    agent.ask("More");
    await agent.until("AgentAudioDone");
  },

  async refused(agent) {
    await agent.settings({ output: { encoding: "mp3" } });
    while (!(await agent.messages.next()).done);
  },

  async each(agent) {
    const { connection } = agent;
    await agent.settings();
    connection.sendKeepAlive({ type: "KeepAlive" });
    const think = { provider: { type: "open_ai", model: "gpt-4o-mini" }, prompt: "Be merry." };
    connection.sendUpdateThink({ type: "UpdateThink", think });
    const speak = { provider: { type: "open_ai", model: "tts-1", voice: "shimmer" } };
    connection.sendUpdateSpeak({ type: "UpdateSpeak", speak });
    const listen = { provider: { type: "deepgram", version: "v1", model: "nova-3", language: "de" } };
    connection.sendUpdateListen({ type: "UpdateListen", listen });
    connection.sendForceEndTurn({ type: "ForceEndTurn" });
    connection.sendInjectAgentMessage({ type: "InjectAgentMessage", message: "One moment.", behavior: "queue" });
    connection.sendUpdatePrompt({ type: "UpdatePrompt", prompt: "Always begin with: Ahoy" });
    await agent.until("PromptUpdated");
    agent.ask("More");
    while (!(await agent.until("ConversationText")).content.endsWith("You said: More"));
    await agent.until("AgentAudioDone");
  },
};

const client = new DeepgramClient({ apiKey: "not-a-key", baseUrl });
// The SDK connects again after every close but 1000; here one session is all.
const agent = new Agent(await client.agent.v1.connect({ shouldReconnect: () => false }));
await agent.open();
await scenarios[scenario](agent);
if (agent.connection.readyState === agent.connection.socket.OPEN) agent.connection.close();
