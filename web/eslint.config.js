/** Lint rules: strict types, Vue, and no word in a template that is not in both languages. */
import vueI18n from '@intlify/eslint-plugin-vue-i18n'
import vue from 'eslint-plugin-vue'
import { defineConfig } from 'eslint/config'
import tseslint from 'typescript-eslint'
import parser from 'vue-eslint-parser'

export default defineConfig(
  { ignores: ['dist/', 'node_modules/', 'src/api/schema.ts'] },
  {
    files: ['**/*.{ts,vue}'],
    extends: [
      tseslint.configs.strictTypeChecked,
      tseslint.configs.stylisticTypeChecked,
      vue.configs['flat/recommended'],
      vueI18n.configs.recommended,
    ],
    languageOptions: {
      parser,
      parserOptions: {
        parser: tseslint.parser,
        projectService: true,
        extraFileExtensions: ['.vue'],
      },
    },
    settings: {
      'vue-i18n': { localeDir: './src/i18n/*.json', messageSyntaxVersion: '^11.0.0' },
    },
    rules: {
      '@intlify/vue-i18n/no-raw-text': ['error', { ignorePattern: '^[\\s\\d+\\-–·:/.]*$' }],
      '@intlify/vue-i18n/no-missing-keys': 'error',
      '@intlify/vue-i18n/no-missing-keys-in-other-locales': 'error',
      '@typescript-eslint/dot-notation': 'off', // TypeScript asks for ['…'] where a key is not declared
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true }],
      'vue/no-v-html': 'error',
      'vue/require-default-prop': 'off', // defaults stand in the destructuring
      // The shape of templates is the formatter's business, and there is none here.
      'vue/html-closing-bracket-newline': 'off',
      'vue/html-indent': 'off',
      'vue/html-self-closing': 'off',
      'vue/max-attributes-per-line': 'off',
      'vue/singleline-html-element-content-newline': 'off',
      'vue/multiline-html-element-content-newline': 'off',
      'vue/block-lang': ['error', { script: { lang: 'ts' } }],
      'vue/component-api-style': ['error', ['script-setup']],
      'vue/define-macros-order': 'error',
      'vue/no-undef-components': ['error', { ignorePatterns: ['RouterView', 'RouterLink'] }],
      'vue/no-unused-emit-declarations': 'error',
    },
  },
)
