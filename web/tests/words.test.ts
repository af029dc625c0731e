/** Every word of the UI exists in both languages, is used, and stands in no template. */
import { globSync, readFileSync } from 'node:fs'

import { NodeTypes, parse as parseTemplate, type TemplateChildNode } from '@vue/compiler-dom'
import { parse } from 'vue/compiler-sfc'
import { describe, expect, test } from 'vitest'

import en from '@/i18n/en.json'
import vi from '@/i18n/vi.json'

const LETTER = /\p{L}/u
/** Attributes that people read. */
const READ_ATTRIBUTES = new Set(['alt', 'aria-label', 'placeholder', 'title', 'label', 'detail'])

interface Words {
  [key: string]: string | Words
}

function flat(words: Words, before = ''): Map<string, string> {
  return new Map(
    Object.entries(words).flatMap(([key, value]) =>
      typeof value === 'string' ? [[before + key, value] as const] : [...flat(value, `${before}${key}.`)],
    ),
  )
}

const vietnamese = flat(vi)
const english = flat(en)

describe('the two languages', () => {
  test('have the same keys', () => {
    expect([...english.keys()].sort()).toEqual([...vietnamese.keys()].sort())
  })

  test('leave no word empty', () => {
    const empty = [...vietnamese, ...english].filter(([, text]) => text.trim() === '')
    expect(empty).toEqual([])
  })

  test('fill in the same values', () => {
    const places = (text = '') => [...text.matchAll(/\{(\w+)\}/gu)].map(([, name]) => name).sort()
    const different = [...vietnamese].filter(
      ([key, text]) => places(text).join() !== places(english.get(key)).join(),
    )
    expect(different).toEqual([])
  })
})

const components = globSync('src/**/*.vue').map((path) => {
  const { descriptor } = parse(readFileSync(path, 'utf8'), { filename: path })
  return { path, template: descriptor.template?.content ?? '' }
})

test('components are found', () => {
  expect(components.length).toBeGreaterThan(20)
})

describe.each(components)('$path', ({ template }) => {
  test('has no word of its own', () => {
    expect(parseTemplate(template).children.flatMap(literals)).toEqual([])
  })

  test('asks for words that exist', () => {
    const asked = [...template.matchAll(/\$t\(\s*(['`])([^'`]+)\1/gu)].map(([, , key]) => key ?? '')
    expect(asked.filter((key) => !exists(key))).toEqual([])
  })
})

/** Whether a key exists; `media.${kind}` stands for every key that it can become. */
function exists(key: string): boolean {
  if (!key.includes('${')) return vietnamese.has(key)
  const begin = key.slice(0, key.indexOf('${'))
  return [...vietnamese.keys()].some((known) => known.startsWith(begin))
}

function literals(node: TemplateChildNode): string[] {
  if (node.type === NodeTypes.TEXT) return LETTER.test(node.content) ? [node.content.trim()] : []
  if (node.type !== NodeTypes.ELEMENT) return []
  const attributes = node.props.flatMap((attribute) => {
    if (attribute.type !== NodeTypes.ATTRIBUTE || !READ_ATTRIBUTES.has(attribute.name)) return []
    const value = attribute.value?.content ?? ''
    return LETTER.test(value) ? [`${attribute.name}="${value}"`] : []
  })
  return [...attributes, ...node.children.flatMap(literals)]
}
