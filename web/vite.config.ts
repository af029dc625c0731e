/** How the web UI is built, served while developing, and tested. */
import { copyFile, mkdir, readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { brotliCompress, gzip } from 'node:zlib'

import vue from '@vitejs/plugin-vue'
import type { Plugin } from 'vite'
import { defineConfig } from 'vitest/config'

const server = process.env['INBOX_URL'] ?? 'http://127.0.0.1:8080'

export default defineConfig({
  plugins: [vue(), swaggerFiles(), compressedFiles()],
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

/** Beside each larger file of words its compressed forms, which the server sends to who takes them. */
function compressedFiles(): Plugin {
  return {
    name: 'compressed-files',
    apply: 'build',
    async closeBundle() {
      const found = await readdir(here('./dist'), { recursive: true, withFileTypes: true })
      const files = found.filter((one) => one.isFile() && /\.(?:js|css|html|svg)$/u.test(one.name))
      await Promise.all(files.map(({ parentPath, name }) => compress(join(parentPath, name))))
    },
  }
}

const SMALLEST_BYTES = 1024 // below, a packet is a packet

async function compress(path: string): Promise<void> {
  const content = await readFile(path)
  if (content.length < SMALLEST_BYTES) return
  await writeFile(`${path}.gz`, await promisify(gzip)(content, { level: 9 }))
  await writeFile(`${path}.br`, await promisify(brotliCompress)(content))
}

function here(path: string): string {
  return fileURLToPath(new URL(path, import.meta.url))
}
