/**
 * The one connection of a tab to the store, with all its subscriptions.
 *
 * It comes back by itself, and each subscription goes on behind the last event that it was told. A store without the
 * WebSocket serves events by Server-Sent Events, one request for each subscription, and no figures and no log lines.
 */
import { nameOf } from "../event";
import { accessToken, onSession, renewAccess, renewIn, sessionState } from "../session";
import { backoff } from "./backoff";
import { reached } from "./position";
import { streamEvents } from "./sse";
import { Subscription } from "./subscription";
import { type Message, SAYS, type Told, type Wanted } from "./wanted";

/** The store says something at least every 15 seconds: after this silence the connection is dead. */
const SILENCE_MS = 40_000;
/** How long a connection may take until the store knows who it is for. */
const CONNECT_MAX_MS = 15_000;
/** How often silence is looked for. */
const CHECK_MS = 5_000;
const PATH = "/api/v1/ws";
const PROTOCOL = "cloudevents.json";

export interface Link {
  readonly phase: "off" | "connecting" | "open" | "lost";
  /** When the connection was lost. */
  readonly since?: number;
  /** When the next attempt is made. */
  readonly retryAt?: number;
  /** Whether figures and log lines come too. */
  readonly isFull: boolean;
}

class Connection {
  private link: Link = { phase: "off", isFull: true };
  private readonly listeners = new Set<() => void>();
  private readonly subscriptions = new Map<string, Subscription>();
  private readonly streams = new Map<string, AbortController>();
  private socket: WebSocket | undefined;
  private isAuthenticated = false;
  private isSocketMissing = false;
  private failures = 0;
  private counter = 0;
  private heardAt = 0;
  private frame = false;
  private retryTimer: ReturnType<typeof setTimeout> | undefined;
  private renewTimer: ReturnType<typeof setTimeout> | undefined;
  private connectTimer: ReturnType<typeof setTimeout> | undefined;

  constructor() {
    onSession(() => this.follow());
    globalThis.addEventListener?.("online", () => this.retryNow());
    globalThis.document?.addEventListener("visibilitychange", () => {
      if (document.visibilityState === "visible") this.checkSilence();
    });
    setInterval(() => this.checkSilence(), CHECK_MS);
  }

  readonly get = (): Link => this.link;

  readonly listen = (listener: () => void): (() => void) => {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  };

  /** Subscribes. What is returned ends it. */
  subscribe(wanted: Wanted, told: Told): () => void {
    this.counter += 1;
    const subscription = new Subscription(`s${this.counter}`, wanted, told);
    this.subscriptions.set(subscription.id, subscription);
    if (this.link.phase === "off") this.follow();
    else this.begin(subscription);
    return () => this.end(subscription);
  }

  /** Tries to connect now. */
  retryNow(): void {
    if (this.link.phase === "lost") this.connect();
  }

  private set(link: Partial<Link>): void {
    this.link = { ...this.link, ...link };
    for (const listener of this.listeners) listener();
  }

  private follow(): void {
    if (sessionState().phase === "in") {
      if (this.link.phase === "off" && this.subscriptions.size > 0) this.connect();
    } else this.close();
  }

  private close(): void {
    clearTimeout(this.retryTimer);
    clearTimeout(this.renewTimer);
    clearTimeout(this.connectTimer);
    const socket = this.socket;
    this.socket = undefined;
    socket?.close();
    for (const stream of this.streams.values()) stream.abort();
    this.streams.clear();
    this.isAuthenticated = false;
    if (this.link.phase !== "off") this.set({ phase: "off", since: undefined, retryAt: undefined });
  }

  private connect(): void {
    clearTimeout(this.retryTimer);
    this.isAuthenticated = false;
    this.heardAt = Date.now();
    if (this.link.phase !== "lost") this.set({ phase: "connecting" });
    if (this.isSocketMissing) return this.connectStreams();
    const address = new URL(PATH, location.href);
    address.protocol = address.protocol === "https:" ? "wss:" : "ws:";
    const socket = new WebSocket(address, PROTOCOL);
    this.socket = socket;
    clearTimeout(this.connectTimer);
    // A network that has gone meanwhile may never say so, and a browser makes no other connection while this one is made.
    this.connectTimer = setTimeout(() => this.socket === socket && this.lose(), CONNECT_MAX_MS);
    let wasOpen = false;
    socket.onopen = () => {
      wasOpen = true;
      this.authenticate();
    };
    socket.onmessage = ({ data }) => this.hear(JSON.parse(String(data)) as Message);
    socket.onclose = () => {
      if (this.socket !== socket) return;
      this.socket = undefined;
      if (wasOpen) this.lose();
      else void this.probe();
    };
  }

  /** Finds out whether the store is gone or knows no WebSocket. */
  private async probe(): Promise<void> {
    const status = await fetch(PATH, { credentials: "omit" }).then(
      (response) => response.status,
      () => 0,
    );
    if (status !== 404 && status !== 401) return this.lose();
    this.isSocketMissing = true;
    this.set({ isFull: false });
    this.connectStreams();
  }

  private connectStreams(): void {
    this.failures = 0;
    this.set({ phase: "open", since: undefined, retryAt: undefined });
    for (const subscription of this.subscriptions.values()) this.begin(subscription);
  }

  private authenticate(): void {
    this.sendNow({ op: "authenticate", token: accessToken() ?? "" });
    clearTimeout(this.renewTimer);
    this.renewTimer = setTimeout(() => {
      renewAccess().then(
        (token) => token !== undefined && this.authenticate(),
        () => this.lose(),
      );
    }, renewIn() + 1_000);
  }

  private sendNow(message: unknown): void {
    if (this.socket?.readyState === WebSocket.OPEN) this.socket.send(JSON.stringify(message));
  }

  private begin(subscription: Subscription): void {
    if (this.isSocketMissing) return this.stream(subscription);
    if (this.isAuthenticated) this.sendNow(subscription.request());
  }

  private stream(subscription: Subscription): void {
    const { wanted, id } = subscription;
    if (this.streams.has(id)) return;
    if (wanted.source !== "events") {
      return subscription.refuse("unsupported", "This store does not send these yet.");
    }
    const control = new AbortController();
    this.streams.set(id, control);
    const after = subscription.last;
    streamEvents(wanted, after, control.signal, (message) => this.pass(subscription, message))
      .then(() => this.lose())
      .catch((error: unknown) => {
        if (!control.signal.aborted) this.lose(error);
      });
  }

  private end(subscription: Subscription): void {
    this.subscriptions.delete(subscription.id);
    this.streams.get(subscription.id)?.abort();
    this.streams.delete(subscription.id);
    if (this.isAuthenticated) this.sendNow({ op: "unsubscribe", id: subscription.id });
  }

  private lose(error?: unknown): void {
    if (this.link.phase === "off") return;
    clearTimeout(this.connectTimer);
    const socket = this.socket;
    this.socket = undefined;
    socket?.close();
    for (const stream of this.streams.values()) stream.abort();
    this.streams.clear();
    this.isAuthenticated = false;
    if (error !== undefined) console.warn("the live stream was interrupted", error);
    const wait = backoff(this.failures);
    this.failures += 1;
    this.set({ phase: "lost", since: this.link.since ?? Date.now(), retryAt: Date.now() + wait });
    clearTimeout(this.retryTimer);
    this.retryTimer = setTimeout(() => this.connect(), wait);
  }

  private hear(message: Message): void {
    this.heardAt = Date.now();
    const name = nameOf(message.type);
    if (name === SAYS.authenticated) {
      if (this.isAuthenticated) return;
      this.isAuthenticated = true;
      clearTimeout(this.connectTimer);
      this.failures = 0;
      this.set({ phase: "open", since: undefined, retryAt: undefined });
      for (const subscription of this.subscriptions.values()) this.sendNow(subscription.request());
      return;
    }
    const subscription = this.subscriptions.get(message.subscription ?? "");
    if (subscription !== undefined) return this.pass(subscription, message);
    // The store confirms the end of a subscription that is none any more.
    if (message.subscription !== undefined) return;
    if (name === SAYS.refused || name === SAYS.ended) this.refused(message);
  }

  /** The store refused the whole connection: the access token has ended, as a rule. */
  private refused(message: Message): void {
    renewAccess().then(
      () => this.lose(),
      () => this.lose(),
    );
    console.warn("the live stream was refused:", message.data.message);
  }

  private pass(subscription: Subscription, message: Message): void {
    this.heardAt = Date.now();
    const sequence = subscription.take(message);
    if (sequence !== undefined) reached(sequence);
    if (this.frame) return;
    this.frame = true;
    const flush = () => {
      this.frame = false;
      for (const each of this.subscriptions.values()) each.flush();
    };
    if (document.visibilityState === "visible") requestAnimationFrame(flush);
    else setTimeout(flush, 500);
  }

  private checkSilence(): void {
    if (this.link.phase !== "open" || Date.now() - this.heardAt < SILENCE_MS) return;
    if (this.subscriptions.size > 0) this.lose();
  }
}

export const connection = new Connection();
