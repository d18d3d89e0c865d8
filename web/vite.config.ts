import react from "@vitejs/plugin-react";
import { defineConfig } from "vitest/config";

const api = { target: "http://127.0.0.1:8080", changeOrigin: false };

export default defineConfig({
  plugins: [react()],
  resolve: { alias: { "@": new URL("./src", import.meta.url).pathname } },
  server: { port: 5173, proxy: { "/api": api, "/openapi.json": api } },
  build: { target: "es2023", sourcemap: false, chunkSizeWarningLimit: 700 },
  test: {
    environment: "jsdom",
    globals: true,
    setupFiles: ["src/test/setup.ts"],
    css: false,
    restoreMocks: true,
    testTimeout: 60_000,
    maxWorkers: "100%", // by default one core is left idle, which is half of a small machine
  },
});
