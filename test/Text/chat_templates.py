"""Chat templates in the style of those that model families publish, and small ones for one feature each."""

TEMPLATES = {}

TEMPLATES["smollm2"] = """{% for message in messages %}{% if loop.first and messages[0]['role'] != 'system' %}{{ '<|im_start|>system
You are a helpful AI assistant named SmolLM, trained by Hugging Face<|im_end|>
' }}{% endif %}{{'<|im_start|>' + message['role'] + '
' + message['content'] + '<|im_end|>' + '
'}}{% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant
' }}{% endif %}"""

TEMPLATES["chatml"] = """{% if not add_generation_prompt is defined %}{% set add_generation_prompt = false %}{% endif %}{% for message in messages %}{{'<|im_start|>' + message['role'] + '\\n' + message['content'] + '<|im_end|>' + '\\n'}}{% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant\\n' }}{% endif %}"""

TEMPLATES["llama2"] = """{% if messages[0]['role'] == 'system' %}{% set loop_messages = messages[1:] %}{% set system_message = messages[0]['content'] %}{% else %}{% set loop_messages = messages %}{% set system_message = false %}{% endif %}{% for message in loop_messages %}{% if (message['role'] == 'user') != (loop.index0 % 2 == 0) %}{{ raise_exception('Conversation roles must alternate user/assistant/user/assistant/...') }}{% endif %}{% if loop.index0 == 0 and system_message != false %}{% set content = '<<SYS>>\\n' + system_message + '\\n<</SYS>>\\n\\n' + message['content'] %}{% else %}{% set content = message['content'] %}{% endif %}{% if message['role'] == 'user' %}{{ bos_token + '[INST] ' + content.strip() + ' [/INST]' }}{% elif message['role'] == 'assistant' %}{{ ' '  + content.strip() + ' ' + eos_token }}{% endif %}{% endfor %}"""

TEMPLATES["llama3"] = """{% set loop_messages = messages %}{% for message in loop_messages %}{% set content = '<|start_header_id|>' + message['role'] + '<|end_header_id|>\n\n'+ message['content'] | trim + '<|eot_id|>' %}{% if loop.index0 == 0 %}{% set content = bos_token + content %}{% endif %}{{ content }}{% endfor %}{% if add_generation_prompt %}{{ '<|start_header_id|>assistant<|end_header_id|>\n\n' }}{% endif %}"""

TEMPLATES["llama3.2"] = """{{- bos_token }}
{%- if custom_tools is defined %}
    {%- set tools = custom_tools %}
{%- endif %}
{%- if not tools_in_user_message is defined %}
    {%- set tools_in_user_message = true %}
{%- endif %}
{%- if not date_string is defined %}
    {%- if strftime_now is defined %}
        {%- set date_string = strftime_now("%d %b %Y") %}
    {%- else %}
        {%- set date_string = "26 Jul 2024" %}
    {%- endif %}
{%- endif %}
{%- if not tools is defined %}
    {%- set tools = none %}
{%- endif %}

{#- This block extracts the system message, so we can slot it into the right place. #}
{%- if messages[0]['role'] == 'system' %}
    {%- set system_message = messages[0]['content']|trim %}
    {%- set messages = messages[1:] %}
{%- else %}
    {%- set system_message = "" %}
{%- endif %}

{#- System message #}
{{- "<|start_header_id|>system<|end_header_id|>\\n\\n" }}
{%- if tools is not none %}
    {{- "Environment: ipython\\n" }}
{%- endif %}
{{- "Cutting Knowledge Date: December 2023\\n" }}
{{- "Today Date: " + date_string + "\\n\\n" }}
{%- if tools is not none and not tools_in_user_message %}
    {%- for t in tools %}
        {{- t | tojson(indent=4) }}
        {{- "\\n\\n" }}
    {%- endfor %}
{%- endif %}
{{- system_message }}
{{- "<|eot_id|>" }}

{%- for message in messages %}
    {%- if not (message.role == 'ipython' or message.role == 'tool' or 'tool_calls' in message) %}
        {{- '<|start_header_id|>' + message['role'] + '<|end_header_id|>\\n\\n'+ message['content'] | trim + '<|eot_id|>' }}
    {%- elif 'tool_calls' in message %}
        {%- if not message.tool_calls|length == 1 %}
            {{- raise_exception("This model only supports single tool-calls at once!") }}
        {%- endif %}
    {%- elif message.role == "tool" or message.role == "ipython" %}
        {{- "<|start_header_id|>ipython<|end_header_id|>\\n\\n" }}
        {%- if message.content is mapping or message.content is iterable %}
            {{- message.content | tojson }}
        {%- else %}
            {{- message.content }}
        {%- endif %}
        {{- "<|eot_id|>" }}
    {%- endif %}
{%- endfor %}
{%- if add_generation_prompt %}
    {{- '<|start_header_id|>assistant<|end_header_id|>\\n\\n' }}
{%- endif %}
"""

TEMPLATES["qwen2.5"] = """{%- if tools %}
    {{- '<|im_start|>system\\n' }}
    {%- if messages[0]['role'] == 'system' %}
        {{- messages[0]['content'] }}
    {%- else %}
        {{- 'You are Qwen, created by Alibaba Cloud. You are a helpful assistant.' }}
    {%- endif %}
    {%- for tool in tools %}
        {{- "\\n" }}
        {{- tool | tojson }}
    {%- endfor %}
    {{- "\\n</tools><|im_end|>\\n" }}
{%- else %}
    {%- if messages[0]['role'] == 'system' %}
        {{- '<|im_start|>system\\n' + messages[0]['content'] + '<|im_end|>\\n' }}
    {%- else %}
        {{- '<|im_start|>system\\nYou are Qwen, created by Alibaba Cloud. You are a helpful assistant.<|im_end|>\\n' }}
    {%- endif %}
{%- endif %}
{%- for message in messages %}
    {%- if (message.role == "user") or (message.role == "system" and not loop.first) or (message.role == "assistant" and not message.tool_calls) %}
        {{- '<|im_start|>' + message.role + '\\n' + message.content + '<|im_end|>' + '\\n' }}
    {%- elif message.role == "assistant" %}
        {{- '<|im_start|>' + message.role }}
    {%- elif message.role == "tool" %}
        {%- if (loop.index0 == 0) or (messages[loop.index0 - 1].role != "tool") %}
            {{- '<|im_start|>user' }}
        {%- endif %}
        {{- '\\n<tool_response>\\n' }}
        {{- message.content }}
        {{- '\\n</tool_response>' }}
        {%- if loop.last or (messages[loop.index0 + 1].role != "tool") %}
            {{- '<|im_end|>\\n' }}
        {%- endif %}
    {%- endif %}
{%- endfor %}
{%- if add_generation_prompt %}
    {{- '<|im_start|>assistant\\n' }}
{%- endif %}
"""

TEMPLATES["qwen3"] = """{%- if messages[0].role == 'system' %}
    {{- '<|im_start|>system\\n' + messages[0].content + '<|im_end|>\\n' }}
{%- endif %}
{%- set ns = namespace(multi_step_tool=true, last_query_index=messages|length - 1) %}
{%- for message in messages[::-1] %}
    {%- set index = (messages|length - 1) - loop.index0 %}
    {%- if ns.multi_step_tool and message.role == "user" and message.content is string and not(message.content.startswith('<tool_response>') and message.content.endswith('</tool_response>')) %}
        {%- set ns.multi_step_tool = false %}
        {%- set ns.last_query_index = index %}
    {%- endif %}
{%- endfor %}
{%- for message in messages %}
    {%- if message.content is string %}
        {%- set content = message.content %}
    {%- else %}
        {%- set content = '' %}
    {%- endif %}
    {%- if (message.role == "user") or (message.role == "system" and not loop.first) %}
        {{- '<|im_start|>' + message.role + '\\n' + content + '<|im_end|>' + '\\n' }}
    {%- elif message.role == "assistant" %}
        {%- set reasoning_content = '' %}
        {%- if message.reasoning_content is string %}
            {%- set reasoning_content = message.reasoning_content %}
        {%- else %}
            {%- if '</think>' in content %}
                {%- set reasoning_content = content.split('</think>')[0].rstrip('\\n').split('<think>')[-1].lstrip('\\n') %}
                {%- set content = content.split('</think>')[-1].lstrip('\\n') %}
            {%- endif %}
        {%- endif %}
        {%- if loop.index0 > ns.last_query_index %}
            {%- if loop.last or (not loop.last and reasoning_content) %}
                {{- '<|im_start|>' + message.role + '\\n<think>\\n' + reasoning_content.strip('\\n') + '\\n</think>\\n\\n' + content.lstrip('\\n') }}
            {%- else %}
                {{- '<|im_start|>' + message.role + '\\n' + content }}
            {%- endif %}
        {%- else %}
            {{- '<|im_start|>' + message.role + '\\n' + content }}
        {%- endif %}
        {{- '<|im_end|>\\n' }}
    {%- endif %}
{%- endfor %}
{%- if add_generation_prompt %}
    {{- '<|im_start|>assistant\\n' }}
    {%- if enable_thinking is defined and enable_thinking is false %}
        {{- '<think>\\n\\n</think>\\n\\n' }}
    {%- endif %}
{%- endif %}"""

TEMPLATES["mistral"] = """{%- if messages[0]["role"] == "system" %}
    {%- set system_message = messages[0]["content"] %}
    {%- set loop_messages = messages[1:] %}
{%- else %}
    {%- set loop_messages = messages %}
{%- endif %}
{%- set user_messages = loop_messages | selectattr("role", "equalto", "user") | list %}

{#- This block checks for alternating user/assistant messages. #}
{%- set ns = namespace() %}
{%- set ns.index = 0 %}
{%- for message in loop_messages %}
    {%- if not (message.role == "tool" or message.role == "tool_results" or (message.tool_calls is defined and message.tool_calls is not none)) %}
        {%- if (message["role"] == "user") != (ns.index % 2 == 0) %}
            {{- raise_exception("After the optional system message, conversation roles must alternate user/assistant/user/assistant/...") }}
        {%- endif %}
        {%- set ns.index = ns.index + 1 %}
    {%- endif %}
{%- endfor %}

{{- bos_token }}
{%- for message in loop_messages %}
    {%- if message["role"] == "user" %}
        {%- if loop.last and system_message is defined %}
            {{- "[INST] " + system_message + "\\n\\n" + message["content"] + "[/INST]" }}
        {%- else %}
            {{- "[INST] " + message["content"] + "[/INST]" }}
        {%- endif %}
    {%- elif message["role"] == "assistant" %}
        {{- " " + message["content"]|trim + eos_token}}
    {%- else %}
        {{- raise_exception("Only user and assistant roles are supported, with the exception of an initial optional system message!") }}
    {%- endif %}
{%- endfor %}
"""

TEMPLATES["gemma"] = """{{ bos_token }}{% if messages[0]['role'] == 'system' %}{{ raise_exception('System role not supported') }}{% endif %}{% for message in messages %}{% if (message['role'] == 'user') != (loop.index0 % 2 == 0) %}{{ raise_exception('Conversation roles must alternate user/assistant/user/assistant/...') }}{% endif %}{% if (message['role'] == 'assistant') %}{% set role = 'model' %}{% else %}{% set role = message['role'] %}{% endif %}{{ '<start_of_turn>' + role + '\n' + message['content'] | trim + '<end_of_turn>\n' }}{% endfor %}{% if add_generation_prompt %}{{'<start_of_turn>model\n'}}{% endif %}"""

TEMPLATES["gemma3"] = """{{ bos_token }}
{%- if messages[0]['role'] == 'system' -%}
    {%- if messages[0]['content'] is string -%}
        {%- set first_user_prefix = messages[0]['content'] + '\n\n' -%}
    {%- else -%}
        {%- set first_user_prefix = messages[0]['content'][0]['text'] + '\n\n' -%}
    {%- endif -%}
    {%- set loop_messages = messages[1:] -%}
{%- else -%}
    {%- set first_user_prefix = "" -%}
    {%- set loop_messages = messages -%}
{%- endif -%}
{%- for message in loop_messages -%}
    {%- if (message['role'] == 'user') != (loop.index0 % 2 == 0) -%}
        {{ raise_exception("Conversation roles must alternate user/assistant/user/assistant/...") }}
    {%- endif -%}
    {%- if (message['role'] == 'assistant') -%}
        {%- set role = "model" -%}
    {%- else -%}
        {%- set role = message['role'] -%}
    {%- endif -%}
    {{ '<start_of_turn>' + role + '\n' + (first_user_prefix if loop.first else "") }}
    {%- if message['content'] is string -%}
        {{ message['content'] | trim }}
    {%- elif message['content'] is iterable -%}
        {%- for item in message['content'] -%}
            {%- if item['type'] == 'image' -%}
                {{ '<start_of_image>' }}
            {%- endif -%}
        {%- endfor -%}
    {%- else -%}
        {{ raise_exception("Invalid content type") }}
    {%- endif -%}
    {{ '<end_of_turn>\n' }}
{%- endfor -%}
{%- if add_generation_prompt -%}
    {{'<start_of_turn>model\n'}}
{%- endif -%}
"""

TEMPLATES["phi3"] = """{% for message in messages %}{% if message['role'] == 'system' %}{{'<|system|>\n' + message['content'] + '<|end|>\n'}}{% elif message['role'] == 'user' %}{{'<|user|>\n' + message['content'] + '<|end|>\n'}}{% elif message['role'] == 'assistant' %}{{'<|assistant|>\n' + message['content'] + '<|end|>\n'}}{% endif %}{% endfor %}{% if add_generation_prompt %}{{ '<|assistant|>\n' }}{% else %}{{ eos_token }}{% endif %}"""

TEMPLATES["zephyr"] = """{% for message in messages %}
{% if message['role'] == 'user' %}
{{ '<|user|>\n' + message['content'] + eos_token }}
{% elif message['role'] == 'system' %}
{{ '<|system|>\n' + message['content'] + eos_token }}
{% elif message['role'] == 'assistant' %}
{{ '<|assistant|>\n'  + message['content'] + eos_token }}
{% endif %}
{% if loop.last and add_generation_prompt %}
{{ '<|assistant|>' }}
{% endif %}
{% endfor %}"""

TEMPLATES["command-r"] = """{{ bos_token }}{% if messages[0]['role'] == 'system' %}{% set loop_messages = messages[1:] %}{% set system_message = messages[0]['content'] %}{% elif false == true %}{% set loop_messages = messages %}{% set system_message = 'You are Command-R, a brilliant assistant.' %}{% else %}{% set loop_messages = messages %}{% set system_message = false %}{% endif %}{% if system_message != false %}{{ '<|START_OF_TURN_TOKEN|><|SYSTEM_TOKEN|>' + system_message + '<|END_OF_TURN_TOKEN|>' }}{% endif %}{% for message in loop_messages %}{% if (message['role'] == 'user') != (loop.index0 % 2 == 0) %}{{ raise_exception('Conversation roles must alternate user/assistant/user/assistant/...') }}{% endif %}{% set content = message['content'] %}{% if message['role'] == 'user' %}{{ '<|START_OF_TURN_TOKEN|><|USER_TOKEN|>' + content.strip() + '<|END_OF_TURN_TOKEN|>' }}{% elif message['role'] == 'assistant' %}{{ '<|START_OF_TURN_TOKEN|><|CHATBOT_TOKEN|>'  + content.strip() + '<|END_OF_TURN_TOKEN|>' }}{% endif %}{% endfor %}{% if add_generation_prompt %}{{ '<|START_OF_TURN_TOKEN|><|CHATBOT_TOKEN|>' }}{% endif %}"""

TEMPLATES["deepseek"] = """{% if not add_generation_prompt is defined %}{% set add_generation_prompt = false %}{% endif %}{% set ns = namespace(is_first=false, is_tool=false, system_prompt='') %}{%- for message in messages %}{%- if message['role'] == 'system' %}{% set ns.system_prompt = message['content'] %}{%- endif %}{%- endfor %}{{bos_token}}{{ns.system_prompt}}{%- for message in messages %}{%- if message['role'] == 'user' %}{%- set ns.is_tool = false -%}{{'<｜User｜>' + message['content']}}{%- endif %}{%- if message['role'] == 'assistant' and message['content'] is not none %}{% set content = message['content'] %}{% if '</think>' in content %}{% set content = content.split('</think>')[-1] %}{% endif %}{{'<｜Assistant｜>' + content + '<｜end▁of▁sentence｜>'}}{%- endif %}{%- endfor -%}{% if add_generation_prompt and not ns.is_tool %}{{'<｜Assistant｜>'}}{% endif %}"""

TEMPLATES["granite-like, macros"] = """{%- macro turn(role, content, end='<|end_of_text|>') %}
<|start_of_role|>{{ role }}<|end_of_role|>{{ content }}{{ end }}
{% endmacro -%}
{%- for message in messages if message.role in ['user', 'assistant', 'system'] %}
{{- turn(message.role, message.content | trim) }}
{%- else %}
nothing to say
{%- endfor %}
{%- if add_generation_prompt %}{% generation %}{{ turn('assistant', content='', end='') }}{% endgeneration %}{% endif %}"""

# One feature each; conversations are given to these too.
FEATURES = [
    "{% for a, b in [(1, 2), ('x', 'y')] %}{{ a }}-{{ b }};{% endfor %}",
    "{% for k, v in {'a': 1, 'b': [1, 2.5, none, true, 'q\\'s']}.items() %}{{ k ~ '=' ~ v }} {% endfor %}",
    "{{ [1, 2, 3][::-1] }}{{ [1, 2, 3, 4][1:-1] }}{{ 'häß€👍x'[1:5:2] }}{{ 'abc'[-1] }}{{ 'abc'[::-1] }}{{ [1,2][5:] }}",
    "{{ 7 // 2 }} {{ -7 // 2 }} {{ -7 % 3 }} {{ 7 / 2 }} {{ 2 ** 10 }} {{ 7.5 // 2 }} {{ -7.5 % 2 }} {{ 1e20 }} {{ 0.1 + 0.2 }}",
    "{{ 1 < 2 < 3 }} {{ 3 > 2 >= 2 != 1 }} {{ 'a' < 'b' }} {{ [1, 2] < [1, 3] }} {{ 1 == 1.0 }} {{ true == 1 }} {{ 'a' == 1 }}",
    "{{ 'x' if false }}|{{ 'y' if messages else 'z' }}|{{ 1 if false else 2 if false else 3 }}",
    "{{ ' a b '.strip() }}|{{ 'xxaxx'.strip('x') }}|{{ 'a,b,,c'.split(',') }}|{{ ' a  b '.split() }}|{{ 'a.b.c'.rsplit('.', 1) }}",
    "{{ 'hello wORLD-it\\'s'.title() }}|{{ 'hello wORLD-it\\'s' | title }}|{{ 'aBC dEF' | capitalize }}|{{ 'aB'.upper() }}{{ 'aB'|lower }}",
    "{{ {'b': 1, 'a': [1, 'x\\n\"', none, true, 1.5], 'ü€👍': {}} | tojson }}",
    "{{ {'b': 1, 'a': [1, {}, [], {'c': 2}]} | tojson(indent=2) }}|{{ 'é👍' | tojson(ensure_ascii=true) }}",
    "{{ messages | tojson }}",
    "{{ messages | map(attribute='role') | join(', ') }}|{{ messages | map(attribute='content') | map('upper') | list | length }}",
    "{{ messages | selectattr('role', 'equalto', 'user') | map(attribute='content') | join('/') }}",
    "{{ messages | rejectattr('role', 'in', ['user', 'system']) | list | length }}|{{ [1, 0, 2] | select | list }}|{{ [1,2,3]|reject('odd')|list }}",
    "{{ messages[0].missing | default('d') }}{{ '' | default('e', true) }}{{ none | default('f') }}{{ missing is defined }}{{ missing }}",
    "{{ 'line1\nline2\n\nline4' | indent(2) }}|{{ 'a\nb' | indent(width=3, first=true) }}|{{ 'a\n\nb\n' | indent(1, blank=true) }}",
    "{% set x %}  block {{ 1 + 1 }} {% endset %}[{{ x }}]{% set y | upper | trim %} up {% endset %}[{{ y }}]",
    "{% set ns = namespace(n=0, s='') %}{% for m in messages %}{% set ns.n = ns.n + 1 %}{% set ns.s = ns.s ~ m.role[0] %}{% endfor %}{{ ns.n }}{{ ns.s }}",
    "{% set x = 1 %}{% for i in [1, 2] %}{% set x = x + i %}{{ x }}{% endfor %}{{ x }}",
    "{% for i in range(5) %}{% if i == 1 %}{% continue %}{% endif %}{% if i == 3 %}{% break %}{% endif %}{{ i }}{% endfor %}",
    "{% for i in range(10, 0, -3) %}{{ loop.index }}{{ loop.revindex0 }}{{ loop.first }}{{ loop.last }}{{ loop.previtem }}{{ loop.nextitem }} {% endfor %}",
    "{% for i in 'abc' %}{{ loop.cycle('x', 'y') }}{{ i }}{% endfor %}{% for x in [] %}a{% else %}empty{% endfor %}",
    "a\n  {% if true %}\n  b\n  {% endif %}\nc\n  {%+ if true %}\nd{% endif +%}\ne\n\n",
    "a  \n  {{- 'b' -}}  \n  c {#- comment -#}  d\n  {# comment #}\ne {%- if true -%}  f  {%- endif -%}  g",
    "{% raw %}{{ not }} {% if %}{% endraw %}|{%- raw -%}  x  {%- endraw -%}  y",
    "{{ 'a' 'b' }}{{ \"d\\\"q\\t\\u20ac\\x41\\\\\" }}{{ 'single \"double\"' }}",
    "{{ 1, 2 }}{{ () }}{{ (1,) }}{{ [] }}{{ {} }}{{ {'a': {'b': 1}}.a.b }}{{ {'a': 1}['a'] }}{{ {'a': 1}.get('z', 9) }}{{ {'a': 1}.get('z') }}",
    "{{ not true and false or true }}{{ 0 or 'x' }}{{ 1 and '' }}{{ not 0 }}{{ 'a' in 'abc' }}{{ 'z' not in ['a'] }}{{ 'k' in {'k': 1} }}",
    "{{ 4 is even }}{{ 4 is odd }}{{ 'a' is string }}{{ {} is mapping }}{{ [] is iterable }}{{ none is none }}{{ 1 is number }}{{ 1.5 is float }}{{ true is boolean }}{{ 6 is divisibleby 3 }}{{ 6 is divisibleby(4) }}{{ true is true }}{{ 1 is true }}{{ 3 is in [3] }}{{ 'a' is eq 'a' }}",
    "{{ 'a-b-c'.replace('-', '+') }}{{ 'aaa' | replace('a', 'b', 2) }}{{ 'abcabc'.find('c') }}{{ 'abc'.count('b') }}{{ 'abc'.startswith('ab') }}{{ 'abc'.endswith(('x', 'bc')) }}",
    "{{ '3' | int + 4 }}{{ 'x' | int(7) }}{{ '2.9' | int }}{{ 3.7 | int }}{{ '1.5' | float }}{{ 5 | string + '!' }}{{ -3 | abs }}",
    "{{ [3, 1, 2] | sort }}{{ ['b', 'A', 'c'] | sort(reverse=true) }}{{ {'b': 1, 'A': 2} | dictsort }}{{ [1, 2, 1] | unique | list }}{{ 'abc' | reverse }}{{ [1,2]|first }}{{ [1,2]|last }}{{ 'ab'|list }}",
    "{{ 'ab' * 3 }}{{ [0] * 2 }}{{ [1] + [2, 3] }}{{ 'n: ' ~ 1 ~ none ~ [1] }}{{ -(3) }}{{ +2 }}{{ - 2 * 3 }}",
    "{% macro f(a, b=2, c='x') %}{{ a }}{{ b }}{{ c }}{% endmacro %}{{ f(1) }}|{{ f(1, c=3) }}|{{ f(b=5, a=6) }}|{{ f(1) | upper | length }}",
    "{% macro fact(n) %}{% if n > 1 %}{{ n }}*{{ fact(n - 1) }}{% else %}1{% endif %}{% endmacro %}{{ fact(6) }}",
    "{% set x = 5 %}{% macro g() %}{{ x }}{% endmacro %}{% for x in [1] %}{{ g() }}{{ x }}{% endfor %}",
    "{% set a, b = 1, 2 %}{{ a + b }}{% set (c, d) = [3, 4] %}{{ c }}{{ d }}{% for (i, j) in [[1, 2]] %}{{ i }}{{ j }}{% endfor %}",
    "{{ messages[-1].content | length }}{{ messages[-1]['content'] | trim | first }}{{ messages[100] is defined }}{{ messages[0].content[:3] }}",
    "{{ bos_token if bos_token is defined else 'nobos' }}{{ eos_token | default('noeos') }}{{ tools is none }}{{ enable_thinking | default(true) }}",
    "{{ strftime_now('%d %b %Y %H:%M %A %B %j') if strftime_now is defined else 'no date' }}",
    "{{ '\u00a0 x\u3000\u2003'.strip() }}|{{ '\u00a0y\u00a0' | trim }}|{{ 'a\u00a0b'.split() }}|{{ 'a\x1cb\u2028c'.splitlines() }}",
    "{{ 'x'.join(['a', 'b']) }}{{ ['a', 1, none] | join('-') }}{{ [{'n': 1}, {'n': 2}] | join(',', attribute='n') }}{{ {'a': 1} | items | list }}",
    "{%- for message in messages -%}\n  {%- set is_last = loop.last -%}\n  {{- message.role ~ (':' if not is_last else '.') -}}\n{%- endfor -%}",
    "{% if messages | length > 2 and messages[1].role == 'assistant' %}A{% elif messages | length == 1 %}B{% else %}C{% endif %}",
    "{{ dict(a=1, b='x') }}{{ dict(a=1) | tojson }}{{ range(3) | list }}{{ range(2, 8, 3) | list }}",
    "line one\r\nline two{{ '\r\n' }}\r{% if true %}\r\nthree{% endif %}\r\n\r\n",
    # Numbers.
    "{{ 1.5 + 1 }} {{ 2.5 - 1 }} {{ 0.5 * 3 }} {{ 1.5 / 2 }} {{ 2 ** -1 }} {{ 2.0 ** 3 }} {{ 4.0 ** -2 }} {{ 0 ** 0 }} {{ (-1) ** 3 }} {{ (-1) ** 4 }} {{ 1 ** 99 }} {{ 0 ** 5 }}",
    "{{ 7 % -3 }} {{ -7 // -1 }} {{ 7 % -1 }} {{ 1e300 * 1e300 }} {{ -1e300 * 1e300 }} {{ 1e300 * 1e300 - 1e300 * 1e300 }} {{ 1e300 * 1e300 % 2 }} {{ 1e20 // 3 }} {{ 7.5 % -2 }} {{ -7.5 // 2 }} {{ 5.0 % 2 }}",
    "{{ 1.5 < 2 }} {{ 2 < 1.5 }} {{ 1.5 >= 1.5 }} {{ true + true }} {{ +true }} {{ -true }} {{ +1.5 }} {{ -1.5 }} {{ 1e16 }} {{ 123456.75 }} {{ 1e-5 }} {{ 0.0001 }} {{ 1_000 }} {{ 1.0e+2 }} {{ 100.0 }}",
    "{{ true | int }} {{ true | float }} {{ 3 | float }} {{ 2.5 | float }} {{ none | int }} {{ none | int(5) }} {{ 'abc' | float }} {{ '' | int }} {{ ' 12 ' | int }} {{ '1e3' | int }} {{ -2.5 | abs }} {{ '-7' | int }} {{ 'inf' | int }} {{ [] | int(2) }}",
    # Kinds.
    "{{ dict() == {} }} {{ {'a': 1, 'b': [1]} == {'b': [1], 'a': 1} }} {{ {'a': 1} == {'a': 2} }} {{ {'a': 1} == {'b': 1} }} {{ none == none }} {{ missing == missing2 }} {{ none == missing }} {{ range == range }}",
    "{{ [1, 2] < [1, 2, 3] }} {{ [2] < [1, 2] }} {{ (1, 'a') < (1, 'b') }} {{ [1] == (1,) }} {{ [] != [1] }} {{ 'b' >= 'a' }} {{ 'a' <= 'a' }}",
    "{{ 'yes' if {} else 'no' }}{{ 'yes' if 0.0 else 'no' }}{{ 'yes' if 0.5 else 'no' }}{{ 'yes' if range else 'no' }}{{ 'yes' if missing else 'no' }}{{ 'yes' if none else 'no' }}{{ 'yes' if [0] else 'no' }}",
    "{% macro f() %}x{% endmacro %}{{ f is callable }}{{ 1 is callable }}{{ range is callable }}{{ 1 is integer }}{{ true is integer }}{{ missing is undefined }}{{ 1 is undefined }}{{ 'AB' is upper }}{{ 'aB' is upper }}{{ '12' is upper }}{{ 'ab1' is lower }}{{ 1 is sameas 1 }}{{ 1 is sameas 2 }}{{ none is sameas none }}{{ [1] is sameas [1] }}{% set l = [1] %}{{ l is sameas l }}{{ {} is sameas {} }}{{ false is false }}{{ 'a' is sequence }}{{ 1 is sequence }}",
    "{{ 3 is gt 2 }}{{ 3 is lt 2 }}{{ 3 is ge(3) }}{{ 3 is le 2 }}{{ 3 is ne 2 }}{{ 3 is not in [1, 2] }}{{ 3 is greaterthan 2 }}{{ 3 is lessthan 2 }}{{ 7 is divisibleby 1 }}{{ 6 is divisibleby -1 }}{{ 1 is string or 2 is number }}",
    "{{ {} }}{{ {'a': 1, 'a': 2} }}{{ {1: 'x', true: 'y'} }}{{ dict({'a': 1}, a=2, b=3) }}{{ namespace({'a': 4}).a }}{{ {'k': 'v'} | length }}{{ {'k': 'v'} | list }}{{ 'häß' | length }}{{ missing | length }}",
    # Text.
    "{{ ['q\\'s', 'd\"q', 'both\\'\"', 'back\\\\', 'l\\n\\r\\t', '\\x01\\x7f', 'ä€'] }}",
    "{{ 'aXbXc'.split('X', 1) }}{{ 'a b c d'.split(none, 2) }}{{ ' a  b '.split(maxsplit=1) }}{{ 'a,b,c'.rsplit(',') }}{{ ''.split() }}{{ ''.split(',') }}{{ '\u00a0a\u00a0'.split() }}{{ ' a b '.rsplit() }}",
    "{{ 'a\\r\\nb\\nc\\rd'.splitlines() }}{{ 'ABC'.lower() }}{{ 'hELLO wORLD'.capitalize() }}{{ ''.capitalize() }}{{ '12'.isdigit() }}{{ '1a'.isdigit() }}{{ ''.isdigit() }}{{ ' \\t'.isspace() }}{{ ' x'.isspace() }}{{ ''.isspace() }}",
    "{{ 'prefixed'.removeprefix('pre') }}{{ 'prefixed'.removeprefix('x') }}{{ 'file.txt'.removesuffix('.txt') }}{{ 'file.txt'.removesuffix('.c') }}{{ 'file'.removesuffix('') }}{{ 'abcabc'.rfind('b') }}{{ 'häß'.find('ß') }}{{ 'abc'.find('z') }}{{ 'häß'.count('') }}{{ 'aaaa'.count('aa') }}",
    "{{ 'aaa'.replace('a', 'b', 1) }}{{ 'aaa'.replace('aa', '') }}{{ 'xax'.lstrip('x') }}{{ 'xax'.rstrip('x') }}{{ 'ab'.startswith(('x', 'a')) }}{{ 'ab'.endswith('abc') }}{{ 'a'.startswith('') }}{{ 'a'.startswith(()) }}",
    "{{ 2 * 'ab' }}{{ 2 * [1] }}{{ 'ab' * 0 }}{{ 'ab' * -1 }}{{ '' * 5 }}{{ [] * 3 }}{{ (1,) * 2 }}{{ (1,) + (2,) }}",
    "{{ 'a\\nb' | indent('> ') }}|{{ 'a\\nb' | indent('> ', true) }}|{{ '' | indent(first=true) }}|{{ 'aBc-dE (fg) [hi]' | title }}|{{ 5 | upper }}|{{ none | trim }}|{{ 'xxaxx' | trim('x') }}|{{ 'a' | safe }}|{{ 1.5 | string }}",
    "{{ '\\a\\b\\f\\v\\\\\\'\\q\\101\\0601\\x7e' | tojson }}{{ \"\\U0001F44D\\u20AC\" }}{{ 'a\\\nb' }}{{ '\\n' is eq '\n' }}",
    "{{ '👍é\\u0001' | tojson(ensure_ascii=true) }}{{ {'b': 1, 'a': 2} | tojson(sort_keys=true) }}{{ [1, {'a': 2}] | tojson(separators=(',', ':')) }}{{ [1, [2]] | tojson(indent=1) }}{{ {} | tojson(indent=2) }}{{ [] | tojson(indent=2) }}{{ (1, 'x') | tojson }}",
    "{{ 1e300 * 1e300 | tojson }}{{ (1e300 * 1e300) | tojson }}{{ (-1e300 * 1e300) | tojson }}{{ (1e300 * 1e300 - 1e300 * 1e300) | tojson }}{{ {'a': none} | tojson(indent=none) }}",
    # Sequences.
    "{{ ['a', 'b', 'a'].index('a') }}{{ ['a', 'b', 'a'].count('a') }}{{ (1, 2).index(2) }}{{ {'a': 1, 'b': 2}.keys() | list }}{{ {'a': 1, 'b': 2}.values() | list }}{{ {'a': 1}.items() | list }}",
    "{{ [{'a': {'b': 2}}, {'a': {'b': 1}}] | map(attribute='a.b') | list }}{{ [[1, 2], [3, 4]] | map(attribute='1') | list }}{{ [{'a': 1}, {}] | map(attribute='a', default='d') | list }}{{ ['a b', 'c'] | map('replace', ' ', '_') | list }}",
    "{{ [{'a': 2}, {'a': 1}] | sort(attribute='a') }}{{ ['b', 'A', 'c', 'B'] | sort }}{{ ['b', 'A', 'c', 'B'] | sort(case_sensitive=true) }}{{ [1, 1.0, true, 2] | unique | list }}{{ ['a', 'A', 'b'] | unique | list }}{{ ['a', 'A'] | unique(true) | list }}{{ [[2, 1], [1, 2], [1]] | sort }}",
    "{{ {'b': 1, 'A': 2, 'c': 0} | dictsort(true) }}{{ {'b': 1, 'A': 2} | dictsort(false, 'value') }}{{ {'b': 1, 'A': 2} | dictsort(reverse=true) }}{{ {'a': 1} | items | list }}{{ missing | items | list }}",
    "{{ messages | selectattr('role') | list | length }}{{ messages | selectattr('nope', 'defined') | list }}{{ messages | rejectattr('nope') | list | length }}{{ [1, 2, 3, 4] | select('divisibleby', 2) | list }}{{ [0, 1] | reject | list }}",
    "{{ [] | first }}{{ [] | last }}{{ '' | first }}{{ missing | first }}{{ 'äb' | last }}{{ [1, 2] | reverse | list }}{{ (1, 2) | reverse | list }}{{ {'a': 1} | first }}{{ range(3) | last }}{{ missing | list }}{{ 'häß' | reverse }}",
    "{{ ['a', 'b'] | join }}{{ missing | join }}{{ 'abc' | join('-') }}{{ {'x': 1} | join(',') }}{{ [1.5, true] | join(1) }}",
    "{{ 'abcdef'[::2] }}{{ 'abcdef'[4:1:-1] }}{{ [1, 2, 3][-2:] }}{{ [1, 2, 3][:-5] }}{{ (1, 2, 3)[1:] }}{{ 'abc'[none:2] }}{{ [1, 2][::none] }}{{ [1, 2, 3][5:0:-2] }}{{ 'häß'[1] }}{{ 'abc'[5] }}{{ [1][-3] }}{{ 'abc'[true] }}{{ [[1], [2]].1.0 }}",
    "{% for i in [1, 2] %}{{ loop['index'] }}{{ loop.length }}{{ loop.revindex }}{{ loop.depth }}{{ loop.depth0 }}{{ loop.nope }}{% for j in 'ab' %}{{ loop.index0 }}{% endfor %}{% endfor %}",
    "{% for k in {'x': 1, 'y': 2} %}{{ k }}{% endfor %}{% for i in missing %}x{% else %}none{% endfor %}{% for i in [1, 2, 3] if i > 5 %}x{% else %}no{% endfor %}{% for a, b in {'k': 'v'}.items() if b == 'v' %}{{ a }}{% endfor %}",
    "{{ 'a' in {'a': 1} }}{{ 1 in (1, 2) }}{{ 'b' not in 'abc' }}{{ 'x' in missing }}{{ 1 in {'a': 1} }}{{ 'k' in {'k': 1}.keys() }}",
    "{{ 1 in [1] in [true] }}{{ 1 == 1 in [true] }}{{ not 1 == 2 }}{{ 'a' ~ 1 + 2 }}{{ 1 + 2 ~ 'a' }}{{ 1 if 0 }}{{ [1 if 0 else 2] }}{{ -2 ** 2 }}{{ 2 ** 3 ** 0 }}{{ 'x' | upper ~ 'y' }}{{ number * 2 }}{{ 1 if not missing }}{{ missing | default(range)(2) | list }}",
    "{% set ns = namespace(a=1) %}{{ ns.a }}{{ ns.b }}{{ ns['a'] }}{% set ns.f = 'x' %}{{ ns.f }}{{ ns['f'] }}{{ ns['g'] }}",
    "{% macro f(x, y=x) %}{{ x }}{{ y }}{% endmacro %}{{ f(1) }}{% macro g(x) %}{{ x }}{{ x is defined }}{% endmacro %}{{ g() }}{% set n = namespace(f=f) %}{{ n.f(3) }}{{ (f)(2) }}",
    "{% set x | replace('a', 'b') | upper %}aa{% endset %}{{ x }}{% if false %}{% elif 0 %}{% elif 1 %}e{% else %}f{% endif %}{% generation %}g{% endgeneration %}{% for i in range(3) %}{% generation %}{% if i %}{% break %}{% endif %}{{ i }}{% endgeneration %}{% endfor %}",
    "{% for i in range(4) -%}\n  {%- if i is odd %}{% continue %}{% endif -%}\n  {{ i }}\n{%- endfor %}{# c #}\n{#- d +#}\nx{{ '{{' }}{{ \"}}\" }}{%+ raw %} {% x %} {%- endraw +%}\ny",
    # Errors on both sides.
    "{{ missing.attribute }}", "{{ missing + 1 }}", "{{ 1 + 'a' }}", "{{ 'a' < 1 }}", "{{ 1 / 0 }}", "{{ none | length }}",
    "{{ raise_exception('stop') }}", "{{ missing() }}", "{{ 'a'.nope() }}", "{{ x | nope }}", "{{ x is nope }}", "{% nope %}",
    "{% for x in 5 %}{% endfor %}", "{% set a, b = [1, 2, 3] %}", "{% set m.x = 1 %}", "{{ 'a", "{{ (1 }}", "{{ 1 ]", "{% if true %}",
    "{% endif %}", "{# open", "{{ }}", "{% for x %}{% endfor %}", "{{ a b }}", "{{ [1, }}", "{% macro f( %}", "{{ 'a' in 5 }}", "{{ ['a'].append('b') }}",
    "{{ range() }}", "{{ range(1, 2, 0) }}", "{{ dict(1) }}", "{{ [1] < [none] }}", "{{ -'a' }}", "{{ -missing }}", "{{ 1(2) }}",
    "{{ 'a' | int + 'b' }}", "{{ 'a' | abs }}", "{{ 12 | indent }}", "{{ 5 | items | list }}", "{{ 5 | dictsort }}", "{{ [1, 'a'] | sort }}", "{{ 5 | list }}",
    "{{ 1 in 'abc' }}", "{{ 'abc'[::0] }}", "{{ missing[1:] }}", "{{ missing[0] }}", "{{ missing < 1 }}",
    "{{ 'a'.split('') }}", "{{ 'a'.startswith() }}", "{{ 'a'.startswith(1) }}", "{{ 'a'.startswith(('b', 1)) }}", "{{ 'a'.find() }}",
    "{{ 'a'.replace('b') }}", "{{ {}.get() }}", "{{ [1].index(2) }}", "{{ 'x' | replace('a') }}", "{{ missing.get('x') }}",
    "{{ range | tojson }}", "{{ 1 is divisibleby 0 }}", "{{ 1 is eq }}", "{{ [1] | map('nope') | list }}",
    "{{ [1] | map | list }}", "{{ [1] | selectattr | list }}", "{{ 1.5 / 0 }}", "{{ 1 // 0 }}", "{{ 1.0 % 0 }}", "{{ raise_exception() }}",
    "{% else %}", "{{ 1 }}{% endfor %}", "{% for x in [1] %}{% else %}{% else %}{% endfor %}", "{% macro f(a=1, b) %}{% endmacro %}",
    "{% set %}", "{% set x, y %}{% endset %}", "{% set a.b %}{% endset %}", "{{ a.'b' }}", "{{ x | }}", "{{ x is }}", "{{ {'a' 1} }}",
    "{{ f(a b) }}", "{{ 'a\\x4' }}", "{{ 'a\\uD' }}", "{{ 1a }}", "{{ ) }}", "{{ ( ] }}", "{% raw %}x", "{% break %}", "{{ $ }}",
    "{% for 1 in x %}{% endfor %}", "{% macro 1() %}{% endmacro %}", "{% macro f(1) %}{% endmacro %}", "{{ 1", "{% if 1", "{{",
]
