/**
 * Scripts for tab completion, generated from the commands themselves, so that they know exactly what the program knows.
 *
 * They complete words that are known beforehand: commands, options, choices; elsewhere the shell completes files. The
 * server is never asked, for completion must not wait nor need a token.
 */
import type { Command } from 'commander';

export const SHELLS = ['bash', 'zsh', 'fish'] as const;
export type Shell = (typeof SHELLS)[number];

interface Word {
  readonly word: string;
  readonly note: string;
}

interface Place {
  /** The commands that lead here, such as `/profiles/put`; '' is the program itself. */
  readonly path: string;
  readonly words: readonly Word[];
  /** Options whose next word is their value, with its choices when there are any. */
  readonly values: readonly { readonly option: string; readonly choices: readonly string[] }[];
}

/** The script for a shell. */
export function completionScript(program: Command, shell: Shell): string {
  const places = placesOf(program, program, '');
  const lines = { bash: bashLines, zsh: zshLines, fish: fishLines }[shell](places, program.name());
  return `${lines.join('\n')}\n`;
}

function placesOf(program: Command, command: Command, path: string): Place[] {
  const options = [...command.options, ...(command === program ? [] : program.options)].filter(({ hidden }) => !hidden);
  const names = options.flatMap(({ long, short, description }) =>
    [long, short].filter((name) => name != null).map((word) => ({ word, note: description })),
  );
  const subcommands = command.commands.map((child) => ({
    word: child.name(),
    note: child.summary() || child.description(),
  }));
  const choices = command.registeredArguments.flatMap(({ argChoices = [], description }) =>
    argChoices.map((word) => ({ word, note: description })),
  );
  const values = options
    .filter(({ required, optional }) => required || optional)
    .flatMap(({ long, short, argChoices = [] }) =>
      [long, short].filter((name) => name != null).map((option) => ({ option, choices: argChoices })),
    );
  return [
    { path, words: [...subcommands, ...choices, ...names, { word: '--help', note: 'show help' }], values },
    ...command.commands.flatMap((child) => placesOf(program, child, `${path}/${child.name()}`)),
  ];
}

/** The patterns of all commands, for a `case` that follows them word by word. */
function commandPattern(places: readonly Place[]): string {
  return places
    .filter(({ path }) => path !== '')
    .map(({ path }) => path)
    .join('|');
}

/** A `case` pattern for each option that takes a value, grouped by its choices. */
function valueCases(places: readonly Place[], act: (choices: readonly string[]) => string): string[] {
  const patterns = new Map<string, string[]>();
  for (const { path, values } of places)
    for (const { option, choices } of values) {
      const list = patterns.get(choices.join(' ')) ?? [];
      list.push(`${path}:${option}`);
      patterns.set(choices.join(' '), list);
    }
  return [...patterns].map(
    ([choices, list]) => `    ${list.join('|')}) ${act(choices === '' ? [] : choices.split(' '))}; return ;;`,
  );
}

function bashLines(places: readonly Place[], name: string): string[] {
  return [
    `_${name}() {`,
    '  local current=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD-1]} place= word words=',
    '  COMPREPLY=()',
    '  for word in "${COMP_WORDS[@]:1:COMP_CWORD-1}"; do',
    `    case "$place/$word" in ${commandPattern(places)}) place="$place/$word" ;; esac`,
    '  done',
    '  case "$place:$previous" in',
    ...valueCases(places, (choices) =>
      choices.length === 0 ? ':' : `COMPREPLY=($(compgen -W '${choices.join(' ')}' -- "$current"))`,
    ),
    '  esac',
    '  case "$place" in',
    ...places.map(
      ({ path, words }) => `    ${path === '' ? "''" : path}) words='${words.map(({ word }) => word).join(' ')}' ;;`,
    ),
    '  esac',
    '  COMPREPLY=($(compgen -W "$words" -- "$current"))',
    '}',
    `complete -o bashdefault -o default -F _${name} ${name}`,
  ];
}

function zshLines(places: readonly Place[], name: string): string[] {
  const item = ({ word, note }: Word) => `'${word.replaceAll(':', '\\:')}:${note.replaceAll("'", "'\\''")}'`;
  return [
    `#compdef ${name}`,
    `_${name}() {`,
    '  local place= word previous=${words[CURRENT-1]}',
    '  local -a items',
    '  for word in "${(@)words[2,CURRENT-1]}"; do',
    `    case "$place/$word" in ${commandPattern(places)}) place="$place/$word" ;; esac`,
    '  done',
    '  case "$place:$previous" in',
    ...valueCases(places, (choices) => (choices.length === 0 ? '_files' : `compadd -- ${choices.join(' ')}`)),
    '  esac',
    '  case "$place" in',
    ...places.map(({ path, words }) => `    ${path === '' ? "''" : path}) items=(${words.map(item).join(' ')}) ;;`),
    '  esac',
    "  _describe 'word' items || _files",
    '}',
    `if [ "$funcstack[1]" = "_${name}" ]; then _${name} "$@"; else compdef _${name} ${name}; fi`,
  ];
}

function fishLines(places: readonly Place[], name: string): string[] {
  const quoted = (text: string) => `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`;
  const patterns = places
    .filter(({ path }) => path !== '')
    .map(({ path }) => path)
    .join(' ');
  const lines = [
    `function __${name}_place`,
    '  set -l place ""',
    '  for word in (commandline -opc)[2..-1]',
    `    if contains -- "$place/$word" ${patterns}`,
    '      set place "$place/$word"',
    '    end',
    '  end',
    '  test "$place" = "$argv[1]"',
    'end',
  ];
  for (const { path, words, values } of places) {
    const condition = `-n ${quoted(`__${name}_place "${path}"`)}`;
    for (const { word, note } of words) {
      const value = values.find(({ option }) => option === word);
      const takes =
        value === undefined ? '' : value.choices.length === 0 ? ' -r' : ` -x -a ${quoted(value.choices.join(' '))}`;
      const form = word.startsWith('--')
        ? `-l ${word.slice(2)}`
        : word.startsWith('-')
          ? `-s ${word.slice(1)}`
          : `-a ${quoted(word)}`;
      lines.push(`complete -c ${name} ${condition} ${form}${takes} -d ${quoted(note)}`);
    }
  }
  return lines;
}
