/** Line icons as paths in a square of 24, drawn for this UI. */
export const PATHS = {
  all: 'M4 6h16M4 12h16M4 18h10',
  mine: 'M12 12a4 4 0 1 0 0-8 4 4 0 0 0 0 8zM4 20a8 8 0 0 1 16 0',
  unassigned: 'M10 12a4 4 0 1 0 0-8 4 4 0 0 0 0 8zM3 20a7 7 0 0 1 11-5.7M18 14v6M15 17h6',
  uncared: 'M12 21a9 9 0 1 0 0-18 9 9 0 0 0 0 18zM12 7v5l3 2',
  inbox: 'M21 11.5a8 8 0 0 1-8 8H8l-5 2 1.7-4.5A8 8 0 1 1 21 11.5z',
  comment: 'M4 5h16v11h-9l-5 4v-4H4zM8 9h8M8 12.5h5',
  spam: 'M8 3h8l5 5v8l-5 5H8l-5-5V8zM12 8v5M12 16v.01',
  deleted: 'M4 7h16M9 7V4h6v3M6 7l1 13h10l1-13M10 11v6M14 11v6',
  search: 'M11 18a7 7 0 1 0 0-14 7 7 0 0 0 0 14zM16 16l5 5',
  back: 'M15 5l-7 7 7 7',
  close: 'M6 6l12 12M18 6L6 18',
  done: 'M5 12.5l4.5 4.5L19 7',
  reopen: 'M4 12a8 8 0 1 0 2.5-5.8M4 4v5h5',
  more: 'M4.5 12a.5.5 0 1 0 1 0 .5.5 0 0 0-1 0zM11.5 12a.5.5 0 1 0 1 0 .5.5 0 0 0-1 0zM18.5 12a.5.5 0 1 0 1 0 .5.5 0 0 0-1 0z',
  person: 'M12 12a4 4 0 1 0 0-8 4 4 0 0 0 0 8zM4 20a8 8 0 0 1 16 0',
  group: 'M9 12a3.5 3.5 0 1 0 0-7 3.5 3.5 0 0 0 0 7zM2.5 19a6.5 6.5 0 0 1 13 0M16 5.300a3.5 3.5 0 0 1 0 6.400M18 14.200a6.5 6.5 0 0 1 3.5 4.8',
  phone: 'M5 4h4l2 5-2.5 1.5a11 11 0 0 0 5 5L15 13l5 2v4a1 1 0 0 1-1 1A15 15 0 0 1 4 5a1 1 0 0 1 1-1z',
  mail: 'M3 6h18v12H3zM3 7l9 7 9-7',
  image: 'M4 5h16v14H4zM4 16l5-5 4 4 2-2 5 4M15 9.5h.01',
  video: 'M3 6h12v12H3zM15 11l6-4v10l-6-4z',
  audio: 'M5 10v4h4l5 4V6l-5 4zM17.5 9a4 4 0 0 1 0 6',
  file: 'M6 3h8l5 5v13H6zM14 3v5h5',
  sticker: 'M12 21a9 9 0 1 0 0-18 9 9 0 0 0 0 18zM8.5 14.5a4 4 0 0 0 7 0M9 9.5h.01M15 9.5h.01',
  location: 'M12 21s7-6.2 7-11.5a7 7 0 0 0-14 0C5 14.8 12 21 12 21zM12 12a2.5 2.5 0 1 0 0-5 2.5 2.5 0 0 0 0 5z',
  contact: 'M4 5h16v14H4zM9.5 12a2 2 0 1 0 0-4 2 2 0 0 0 0 4zM6.5 16a3 3 0 0 1 6 0M15 10h2.5M15 13.5h2.5',
  link: 'M10 14a4 4 0 0 0 6 0l3-3a4 4 0 0 0-6-6l-1 1M14 10a4 4 0 0 0-6 0l-3 3a4 4 0 0 0 6 6l1-1',
  template: 'M4 4h16v16H4zM4 9h16M8 13h8M8 16.5h5',
  unsupported: 'M12 21a9 9 0 1 0 0-18 9 9 0 0 0 0 18zM9.5 9.5a2.5 2.5 0 1 1 3.5 2.3c-.7.3-1 .9-1 1.7M12 17v.01',
  reply: 'M10 6l-6 5 6 5v-3.5c5 0 8 1.5 10 5 0-6-4-9-10-9z',
  removed: 'M12 21a9 9 0 1 0 0-18 9 9 0 0 0 0 18zM5.7 5.7l12.6 12.6',
  hidden: 'M3 3l18 18M10 5.3A9 9 0 0 1 21 12a12 12 0 0 1-2 2.8M6 7.5A12 12 0 0 0 3 12a9.5 9.5 0 0 0 12 5.5',
  down: 'M12 5v14M6 13l6 6 6-6',
  offline: 'M3 3l18 18M8.5 15.5a5 5 0 0 1 7 0M5 12a10 10 0 0 1 4-2.4M14 9.4a10 10 0 0 1 5 2.6M12 19h.01',
  warning: 'M12 4l9 16H3zM12 10v4M12 17v.01',
  language: 'M12 21a9 9 0 1 0 0-18 9 9 0 0 0 0 18zM3 12h18M12 3c3 3 3 15 0 18M12 3c-3 3-3 15 0 18',
  light: 'M12 16a4 4 0 1 0 0-8 4 4 0 0 0 0 8zM12 2v2M12 20v2M2 12h2M20 12h2M5 5l1.4 1.4M17.6 17.6L19 19M5 19l1.4-1.4M17.6 6.4L19 5',
  dark: 'M20 14.5A8.5 8.5 0 0 1 9.5 4a8.5 8.5 0 1 0 10.5 10.5z',
  system: 'M3 4h18v12H3zM9 20h6M12 16v4',
  leave: 'M14 4H5v16h9M10 12h11M17 8l4 4-4 4',
  expand: 'M6 9l6 6 6-6',
  send: 'M4 12l16-8-5 17-3.5-7zM11.5 14L20 4',
  attach: 'M20 11.5l-8.200 8.200a5 5 0 0 1-7-7l8.700-8.700a3.300 3.300 0 0 1 4.700 4.700l-8.600 8.600a1.700 1.700 0 0 1-2.400-2.400l7.700-7.700',
  note: 'M5 4h14v10l-5 6H5zM14 20v-6h5M8.5 8.5h7M8.5 12h4',
  play: 'M8 5l11 7-11 7z',
} as const

export type IconName = keyof typeof PATHS

/** The icon of an attachment kind, also of one that this page does not know. */
export function iconOf(kind: string): IconName {
  return kind in PATHS ? (kind as IconName) : 'unsupported'
}
