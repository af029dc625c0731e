/** How the web UI is built, served while developing, and tested. */
import { copyFile, mkdir } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'

import vue from '@vitejs/plugin-vue'
import type { Plugin } from 'vite'
import { defineConfig } from 'vitest/config'

const server = process.env['INBOX_URL'] ?? 'http://127.0.0.1:8080'

export default defineConfig({
  plugins: [vue(), swaggerFiles()],
  resolve: { alias: { '@': here('./src') } },
  define: {
    // vue-i18n: the composition API only, and no development tools in the page.
    __VUE_I18N_LEGACY_API__: false,
    __INTLIFY_PROD_DEVTOOLS__: false,
  },
  build: {
    // Browsers that know light-dark() and nested CSS, so that neither is rewritten.
    target: ['chrome123', 'firefox120', 'safari17.5'],
    assetsInlineLimit: 0, // the page's CSP allows no data: scripts or styles
    modulePreload: { polyfill: false },
  },
  server: {
    proxy: { '/api': { target: server, ws: true } },
  },
  test: {
    environment: 'happy-dom',
    include: ['tests/**/*.test.ts'],
    restoreMocks: true,
    env: { TZ: 'Asia/Ho_Chi_Minh' },
  },
})

/** Copies the two files of the API's documentation page to dist/docs/, as they are. */
function swaggerFiles(): Plugin {
  return {
    name: 'swagger-files',
    apply: 'build',
    async writeBundle(options) {
      const folder = `${options.dir ?? here('./dist')}/docs`
      await mkdir(folder, { recursive: true })
      for (const file of ['swagger-ui.css', 'swagger-ui-bundle.js', 'LICENSE', 'NOTICE']) {
        await copyFile(here(`./node_modules/swagger-ui-dist/${file}`), `${folder}/${file}`)
      }
    },
  }
}

function here(path: string): string {
  return fileURLToPath(new URL(path, import.meta.url))
}
