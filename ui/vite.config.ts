import tailwindcss from "@tailwindcss/vite";
import react from "@vitejs/plugin-react";
import type { ProxyOptions } from "vite";
import { defineConfig } from "vitest/config";

/** The console address of the store that `npm run dev` shows. */
const store = process.env.PLANETSTORE_CONSOLE_URL ?? "http://127.0.0.1:9001";
const proxied: ProxyOptions = {
  target: store,
  changeOrigin: true,
  ws: true,
  rewriteWsOrigin: true,
  // The store refuses what pages of other origins send, and this server is one.
  configure: (proxy) =>
    proxy.on(
      "proxyReq",
      (request) => request.hasHeader("origin") && request.setHeader("origin", new URL(store).origin),
    ),
};

/** The policy under which the store serves the page. */
const POLICY = [
  "default-src 'none'",
  ...["script-src", "style-src", "font-src", "connect-src", "worker-src", "manifest-src"].map(
    (kind) => `${kind} 'self'`,
  ),
  "img-src 'self' blob: data:",
  "media-src 'self' blob:",
  "frame-src 'self' blob:",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join("; ");

export default defineConfig({
  plugins: [react(), tailwindcss()],
  resolve: { tsconfigPaths: true },
  // The page is served under a content security policy that knows no `data:` fonts and no inline scripts.
  build: {
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    target: "es2023",
    chunkSizeWarningLimit: 700,
    // The addresses of all pages are known from the first load on: as one file they compress better.
    rolldownOptions: {
      output: { codeSplitting: { groups: [{ name: "routes", test: /pages\/\w+\/route\.ts$/ }] } },
    },
  },
  server: {
    host: "127.0.0.1",
    proxy: { "/api": proxied, "/schemas": proxied, "/objects": proxied },
  },
  // As the store serves the built page.
  preview: {
    headers: { "content-security-policy": POLICY },
    host: "127.0.0.1",
    proxy: { "/api": proxied, "/schemas": proxied, "/objects": proxied },
  },
  test: { include: ["src/**/*.test.ts"], environment: "node" },
});
