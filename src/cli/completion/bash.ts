import { caseTables } from './case-tables';
import { VISIBLE } from './words';

/** Needs nothing but bash 4. */
export function bashScript(): string {
  return `# bash completion of nodepool; made by: nodepool completion bash
${caseTables()}
__nodepool_commands='${VISIBLE.map((it) => it.name).join(' ')}'

_nodepool() {
  local current=\${COMP_WORDS[COMP_CWORD]} previous=\${COMP_WORDS[COMP_CWORD-1]}
  local command='' place=0 index word source
  local -a config=()
  for ((index = 1; index < COMP_CWORD; index++)); do
    word=\${COMP_WORDS[index]}
    case $word in
      --) return ;;
      -*)
        case $word in -c | -s) config+=("$word" "\${COMP_WORDS[index+1]/#\\~/$HOME}") ;; esac
        [[ -n $(__nodepool_value "$command" "$word") ]] && ((index++))
        ;;
      *) if [[ -z $command ]]; then command=$word; else ((place++)); fi ;;
    esac
  done
  COMPREPLY=()
  source=''
  [[ $previous == -* ]] && source=$(__nodepool_value "$command" "$previous")
  if [[ -z $source ]]; then
    if [[ $current == -* ]]; then
      source="words $(__nodepool_flags "$command")"
    elif [[ -z $command ]]; then
      source="words $__nodepool_commands"
    else
      source=$(__nodepool_argument "$command" "$place")
    fi
  fi
  case $source in
    words\\ *) COMPREPLY=($(compgen -W "\${source#words }" -- "$current")) ;;
    files) compopt -o filenames 2>/dev/null; COMPREPLY=($(compgen -f -- "$current")) ;;
    tree\\ *)
      COMPREPLY=($(compgen -W "$("\${COMP_WORDS[0]}" "\${config[@]}" --timeout 2 complete "\${source#tree }" 2>/dev/null)" -- "$current"))
      ;;
  esac
}
complete -F _nodepool nodepool
`;
}
