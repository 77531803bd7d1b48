import tailwindcss from "@tailwindcss/vite";
import react from "@vitejs/plugin-react";
import { defineConfig } from "vitest/config";

/** The console address of the store that `npm run dev` shows. */
const store = process.env.PLANETSTORE_CONSOLE_URL ?? "http://127.0.0.1:9001";
const proxied = { target: store, changeOrigin: true, ws: true, rewriteWsOrigin: true };

export default defineConfig({
  plugins: [react(), tailwindcss()],
  resolve: { tsconfigPaths: true },
  // The page is served under a content security policy that knows no `data:` fonts and no inline scripts.
  build: {
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    target: "es2023",
    chunkSizeWarningLimit: 700,
  },
  server: {
    host: "127.0.0.1",
    proxy: { "/api": proxied, "/schemas": proxied, "/objects": proxied },
  },
  preview: { host: "127.0.0.1", proxy: { "/api": proxied, "/schemas": proxied, "/objects": proxied } },
  test: { include: ["src/**/*.test.ts"], environment: "node" },
});
