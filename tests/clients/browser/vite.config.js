// One page for all frontends: main.jsx loads the one that the URL names.
import { defineConfig } from "vite";

export default defineConfig({
  esbuild: { jsx: "automatic" },
  build: { target: "esnext", minify: false, reportCompressedSize: false, chunkSizeWarningLimit: 20000 },
});
