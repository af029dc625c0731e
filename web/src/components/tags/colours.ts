/** The colours that a tag may have, as the API names them; the tokens have a shade for each theme. */
import type { TagColour } from '@/api/types'

export const COLOURS: readonly TagColour[] = [
  'gray',
  'red',
  'orange',
  'amber',
  'green',
  'teal',
  'blue',
  'indigo',
  'purple',
  'pink',
]
