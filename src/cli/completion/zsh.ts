import { caseTables } from './case-tables';
import { VISIBLE } from './words';

/** To be autoloaded as \`_nodepool\`, or read by a shell that has run compinit. */
export function zshScript(): string {
  return `#compdef nodepool
# zsh completion of nodepool; made by: nodepool completion zsh
${caseTables()}
_nodepool() {
  local current=\${words[CURRENT]} previous=\${words[CURRENT-1]}
  local command='' place=0 index word source
  local -a config names
  local -a commands=(
${VISIBLE.map((it) => `    ${quote(`${it.name}:${it.summary}`)}`).join('\n')}
  )
  for ((index = 2; index < CURRENT; index++)); do
    word=\${words[index]}
    case $word in
      --) return ;;
      -*)
        case $word in (-c|-s) config+=("$word" "\${words[index+1]/#\\~/$HOME}") ;; esac
        [[ -n $(__nodepool_value "$command" "$word") ]] && ((index++))
        ;;
      *) if [[ -z $command ]]; then command=$word; else ((place++)); fi ;;
    esac
  done
  source=''
  [[ $previous == -* ]] && source=$(__nodepool_value "$command" "$previous")
  if [[ -z $source ]]; then
    if [[ $current == -* ]]; then
      source="words $(__nodepool_flags "$command")"
    elif [[ -z $command ]]; then
      _describe command commands
      return
    else
      source=$(__nodepool_argument "$command" "$place")
    fi
  fi
  case $source in
    words\\ *) names=(\${=source#words }); compadd -- $names ;;
    files) _files ;;
    tree\\ *)
      names=(\${(f)"$(\${words[1]} $config --timeout 2 complete "\${source#tree }" 2>/dev/null)"})
      compadd -- $names
      ;;
  esac
}
if [[ $zsh_eval_context[-1] == loadautofunc ]]; then _nodepool "$@"; else compdef _nodepool nodepool; fi
`;
}

const quote = (text: string) => `'${text.replaceAll("'", `'\\''`)}'`;
