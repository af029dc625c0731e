/** Words without accents, as the server compares them: "Đặng Thị Hường" meets "dang thi huong". */

/** Lower case, no accents, inner and outer blanks made one or none. */
export function fold(text: string): string {
  return text
    .replace(/[đĐðÐ]/gu, 'd')
    .normalize('NFD')
    .replace(/\p{M}/gu, '')
    .toLowerCase()
    .replace(/\s+/gu, ' ')
    .trim()
}
