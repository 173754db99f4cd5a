# /// script
# requires-python = ">=3.10"
# dependencies = ["transformers==5.23.0", "jinja2==3.1.6"]
# ///
"""Writes Tests/MohawkTextTests/Goldens/chat.json.

Renders templates in the manner of the published families, and one per construct, with `render_jinja_template` of the
PyPI package `transformers`. The Swift engine must give the same text, and refuse what is refused here.

Run from the repository's root: python Scripts/goldens/chat_goldens.py
"""

import itertools
import json

from transformers.utils.chat_template_utils import render_jinja_template

TOOLS = [
    {"type": "function", "function": {
        "name": "weather", "description": "The weather of a \"city\" <now>",
        "parameters": {"type": "object", "properties": {
            "city": {"type": "string", "description": "Größe egal"},
            "days": {"type": ["integer", "null"], "minimum": 1, "maximum": 14.5},
            "unit": {"type": "string", "enum": ["C", "F"]}}, "required": ["city"]}}},
    {"type": "function", "function": {"name": "rest", "description": "Nothing", "parameters": {"type": "object", "properties": {}}}},
]
CALL = {"type": "function", "function": {"name": "weather", "arguments": {"city": "Köln", "days": 3, "deep": [1, 2.5, None, True]}}}
TEXT_CALL = {"type": "function", "function": {"name": "weather", "arguments": "{\"city\": \"Köln\"}"}}


def said(role, content, **more):
    return {"role": role, "content": content, **more}


CONVERSATIONS = {
    "question": [said("user", "What floats on the river?")],
    "system": [said("system", " You are the miller.\n"), said("user", "Hello <there> & \"you\"  ")],
    "turns": [said("user", "One\n"), said("assistant", " Two "), said("user", "Three\n\nlines 🙂 n̈")],
    "long": [said("system", "S"), said("user", "a"), said("assistant", "<think>\nhm\n</think>\n\nb"), said("user", "c"), said("assistant", "d")],
    "reasons": [said("user", "a"), said("assistant", "x", reasoning_content="because"), said("user", "b"), said("assistant", "y", thinking="so")],
    "calls": [said("user", "w?"), said("assistant", None, tool_calls=[CALL, TEXT_CALL]), said("tool", "{\"t\": 3}", name="weather"),
              said("tool", "4"), said("assistant", "3 degrees"), said("user", "thanks")],
    "parts": [said("user", [{"type": "text", "text": "part 1"}, {"type": "image"}, {"type": "text", "text": "part 2"}])],
    "crooked": [said("user", "a"), said("user", "b")],
}

# In the manner of the families: their constructs, not their words.
FAMILIES = {
    "chatml": """{% for message in messages %}{{ '<|im_start|>' + message['role'] + '\n' + message['content'] + '<|im_end|>' + '\n' }}{% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}""",
    "llama2": """{% if messages[0]['role'] == 'system' %}{% set rest = messages[1:] %}{% set system = messages[0]['content'] %}{% else %}{% set rest = messages %}{% set system = false %}{% endif %}{% for message in rest %}{% if (message['role'] == 'user') != (loop.index0 % 2 == 0) %}{{ raise_exception('roles must alternate') }}{% endif %}{% if loop.index0 == 0 and system != false %}{% set content = '<<SYS>>\\n' + system + '\\n<</SYS>>\\n\\n' + message['content'] %}{% else %}{% set content = message['content'] %}{% endif %}{% if message['role'] == 'user' %}{{ bos_token + '[INST] ' + content.strip() + ' [/INST]' }}{% elif message['role'] == 'assistant' %}{{ ' ' + content.strip() + ' ' + eos_token }}{% endif %}{% endfor %}""",
    "llama3": """{% set loop_messages = messages %}{% for message in loop_messages %}{% set content = '<|start|>' + message['role'] + '<|end|>\n\n' + message['content'] | trim + '<|eot|>' %}{% if loop.index0 == 0 %}{% set content = bos_token + content %}{% endif %}{{ content }}{% endfor %}{% if add_generation_prompt %}{{ '<|start|>assistant<|end|>\n\n' }}{% endif %}""",
    "llama3-tools": """{{- bos_token }}
{%- if custom_tools is defined %}
    {%- set tools = custom_tools %}
{%- endif %}
{%- if not date_string is defined %}
    {%- set date_string = "1 May 2024" %}
{%- endif %}
{%- if not tools is defined %}
    {%- set tools = none %}
{%- endif %}
{%- if messages[0]['role'] == 'system' %}
    {%- set system_message = messages[0]['content']|trim %}
    {%- set messages = messages[1:] %}
{%- else %}
    {%- set system_message = "" %}
{%- endif %}
{{- "<|start|>system<|end|>\n\n" }}
{%- if tools is not none %}
    {{- "Environment: shell\n" }}
{%- endif %}
{{- "Today: " + date_string + "\n\n" }}
{%- if tools is not none %}
    {%- for t in tools %}
        {{- t | tojson(indent=4) }}
        {{- "\n\n" }}
    {%- endfor %}
{%- endif %}
{{- system_message }}{{- "<|eot|>" }}
{%- for message in messages %}
    {%- if not (message.role == 'ipython' or message.role == 'tool' or 'tool_calls' in message) %}
        {{- '<|start|>' + message['role'] + '<|end|>\n\n'+ message['content'] | trim + '<|eot|>' }}
    {%- elif 'tool_calls' in message %}
        {%- if not message.tool_calls|length == 1 %}
            {{- raise_exception("one call at a time") }}
        {%- endif %}
        {%- set tool_call = message.tool_calls[0].function %}
        {%- for arg_name, arg_val in tool_call.arguments | items %}
            {{- arg_name + '="' + arg_val + '"' }}
            {%- if not loop.last %}{{- ", " }}{%- endif %}
        {%- endfor %}
    {%- elif message.role == "tool" or message.role == "ipython" %}
        {%- if message.content is mapping or message.content is iterable %}
            {{- message.content | tojson }}
        {%- else %}
            {{- message.content }}
        {%- endif %}
        {{- "<|eot|>" }}
    {%- endif %}
{%- endfor %}
{%- if add_generation_prompt %}
    {{- '<|start|>assistant<|end|>\n\n' }}
{%- endif %}
""",
    "mistral": """{%- if messages[0]["role"] == "system" %}
    {%- set system_message = messages[0]["content"] %}
    {%- set loop_messages = messages[1:] %}
{%- else %}
    {%- set loop_messages = messages %}
{%- endif %}
{%- if not tools is defined or tools is none %}
    {%- set tools = [] %}
{%- endif %}
{%- set user_messages = loop_messages | selectattr("role", "equalto", "user") | list %}
{%- set ns = namespace() %}
{%- set ns.index = 0 %}
{%- for message in loop_messages %}
    {%- if not (message.role == "tool" or (message.tool_calls is defined and message.tool_calls is not none)) %}
        {%- if (message["role"] == "user") != (ns.index % 2 == 0) %}
            {{- raise_exception("roles must alternate") }}
        {%- endif %}
        {%- set ns.index = ns.index + 1 %}
    {%- endif %}
{%- endfor %}
{{- bos_token }}
{%- for message in loop_messages %}
    {%- if message["role"] == "user" %}
        {%- if tools is not none and (message == user_messages[-1]) %}
            {{- "[AVAILABLE_TOOLS] [" }}
            {%- for tool in tools %}
                {%- set tool = tool.function %}
                {{- '{"type": "function", "function": {' }}
                {%- for key, val in tool.items() if key != "return" %}
                    {%- if val is string %}
                        {{- '"' + key + '": "' + val + '"' }}
                    {%- else %}
                        {{- '"' + key + '": ' + val|tojson }}
                    {%- endif %}
                    {%- if not loop.last %}{{- ", " }}{%- endif %}
                {%- endfor %}
                {{- "}}" }}
                {%- if not loop.last %}{{- ", " }}{%- else %}{{- "]" }}{%- endif %}
            {%- endfor %}
        {%- endif %}
        {%- if loop.last and system_message is defined %}
            {{- "[INST] " + system_message + "\n\n" + message["content"] + "[/INST]" }}
        {%- else %}
            {{- "[INST] " + message["content"] + "[/INST]" }}
        {%- endif %}
    {%- elif message.tool_calls is defined and message.tool_calls is not none %}
        {{- "[TOOL_CALLS] [" }}
        {%- for tool_call in message.tool_calls %}
            {%- set out = tool_call.function|tojson %}
            {{- out[:-1] }}
            {{- ', "id": "' ~ loop.index0 ~ '"}' }}
            {{- "]" + eos_token if loop.last else ", " }}
        {%- endfor %}
    {%- elif message["role"] == "assistant" %}
        {{- " " + message["content"]|trim + eos_token }}
    {%- elif message["role"] in ["tool_results", "tool"] %}
        {%- if message.content is defined and message.content.content is defined %}
            {%- set content = message.content.content %}
        {%- else %}
            {%- set content = message.content %}
        {%- endif %}
        {{- '[TOOL_RESULTS] {"content": ' + content|string + "}" }}
    {%- endif %}
{%- endfor %}
""",
    "qwen3": """{%- macro call(function) -%}
    {"name": "{{ function.name }}", "arguments":
    {%- if function.arguments is string %} {{ function.arguments }}{% else %} {{ function.arguments | tojson }}{% endif %}}
{%- endmacro -%}
{%- if tools %}
    {{- '<|im_start|>system\\n' }}
    {%- if messages[0].role == 'system' %}
        {{- messages[0].content + '\\n\\n' }}
    {%- endif %}
    {{- "<tools>" }}
    {%- for tool in tools %}
        {{- "\\n" }}
        {{- tool | tojson }}
    {%- endfor %}
    {{- "\\n</tools><|im_end|>\\n" }}
{%- elif messages[0].role == 'system' %}
    {{- '<|im_start|>system\\n' + messages[0].content + '<|im_end|>\\n' }}
{%- endif %}
{%- set ns = namespace(multi_step=true, last_query=messages|length - 1) %}
{%- for message in messages[::-1] %}
    {%- set index = (messages|length - 1) - loop.index0 %}
    {%- if ns.multi_step and message.role == "user" and message.content is string and not(message.content.startswith('<r>') and message.content.endswith('</r>')) %}
        {%- set ns.multi_step = false %}
        {%- set ns.last_query = index %}
    {%- endif %}
{%- endfor %}
{%- for message in messages %}
    {%- set content = message.content if message.content is string else '' %}
    {%- if (message.role == "user") or (message.role == "system" and not loop.first) %}
        {{- '<|im_start|>' + message.role + '\\n' + content + '<|im_end|>' + '\\n' }}
    {%- elif message.role == "assistant" %}
        {%- set reasoning = '' %}
        {%- if message.reasoning_content is string %}
            {%- set reasoning = message.reasoning_content %}
        {%- elif '</think>' in content %}
            {%- set reasoning = content.split('</think>')[0].rstrip('\\n').split('<think>')[-1].lstrip('\\n') %}
            {%- set content = content.split('</think>')[-1].lstrip('\\n') %}
        {%- endif %}
        {%- if loop.index0 > ns.last_query and (loop.last or (not loop.last and reasoning)) %}
            {{- '<|im_start|>' + message.role + '\\n<think>\\n' + reasoning.strip('\\n') + '\\n</think>\\n\\n' + content.lstrip('\\n') }}
        {%- else %}
            {{- '<|im_start|>' + message.role + '\\n' + content }}
        {%- endif %}
        {%- for tool_call in message.tool_calls %}
            {%- if (loop.first and content) or (not loop.first) %}{{- '\\n' }}{%- endif %}
            {{- '<tool_call>\\n' ~ call(tool_call.function or tool_call) ~ '\\n</tool_call>' }}
        {%- endfor %}
        {{- '<|im_end|>\\n' }}
    {%- elif message.role == "tool" %}
        {%- if loop.first or (messages[loop.index0 - 1].role != "tool") %}{{- '<|im_start|>user' }}{%- endif %}
        {{- '\\n<r>\\n' }}{{- content }}{{- '\\n</r>' }}
        {%- if loop.last or (messages[loop.index0 + 1].role != "tool") %}{{- '<|im_end|>\\n' }}{%- endif %}
    {%- endif %}
{%- endfor %}
{%- if add_generation_prompt %}
    {{- '<|im_start|>assistant\\n' }}
    {%- if enable_thinking is defined and enable_thinking is false %}{{- '<think>\\n\\n</think>\\n\\n' }}{%- endif %}
{%- endif %}
""",
    "zephyr": """{% for message in messages %}
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
{% endfor %}""",
    "phi3": """{% for message in messages %}{% if message['role'] == 'system' and message['content'] %}{{'<|system|>\n' + message['content'] + '<|end|>\n'}}{% elif message['role'] == 'user' %}{{'<|user|>\n' + message['content'] + '<|end|>\n'}}{% elif message['role'] == 'assistant' %}{{'<|assistant|>\n' + message['content'] + '<|end|>\n'}}{% endif %}{% endfor %}{% if add_generation_prompt %}{{ '<|assistant|>\n' }}{% else %}{{ eos_token }}{% endif %}""",
    "smollm": """{% for message in messages %}{% if loop.first and messages[0]['role'] != 'system' %}{{ '<|im_start|>system\nBe of use.<|im_end|>\n' }}{% endif %}{% generation %}{{'<|im_start|>' + message['role'] + '\n' + message['content'] + '<|im_end|>' + '\n'}}{% endgeneration %}{% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}""",
}

# One template per construct, for the conversation "turns".
CONSTRUCTS = {
    "arithmetic": "{{ 1+2*3 }} {{ 7//2 }} {{ -7//2 }} {{ -7%3 }} {{ 7/2 }} {{ 2**10 }} {{ 2**-1 }} {{ -2**2 }} {{ 2**3**2 }} {{ 7.5//2 }} {{ -7.5%2 }} {{ 'a'*3 }} {{ [1]*2+[3] }} {{ 0x1F }} {{ 1_000 }} {{ true+1 }}",
    "floats": "{{ 1.0 }} {{ 1e16 }} {{ 1e15 }} {{ 0.0001 }} {{ 0.00001 }} {{ 1.5e300*1 }} {{ 5e-324 }} {{ 0.1+0.2 }} {{ 123456789012345678.0 }} {{ -0.0 }} {{ 2.5e-7 }} {{ 12e15 }}",
    "comparison": "{{ 1 < 2 < 3 }} {{ 1 < 3 < 2 }} {{ 1 == 1.0 == true }} {{ 'a' < 'b' }} {{ [1,2] < [1,3] }} {{ (1,) == [1] }} {{ {'a':1} == {'a':1.0} }} {{ 'b' in 'abc' }} {{ 3 not in [1,2] }} {{ 'role' in messages[0] }} {{ none == undefinedname }}",
    "logic": "{{ not true or 'x' }} {{ 0 or '' or 'last' }} {{ 1 and 'yes' }} {{ 'a' if false }} {{ 'a' if 0 else 'b' if 1 else 'c' }} {{ not not 1 }} {{ (1 or 2) and 3 }}",
    "literals": "{{ [1, 'a\"b', \"it's\", 'both\\'\"', none, true, 1.5, (1,), (), {}, {'a': [1]}, 'é\\n\\x00\\u200b🙂'] }} {{ 'a' 'b' }} {{ \"\\u00e9\\t\\101\\q\" }} {{ {1: 2, 'x': none,} }} {{ (1, 2)[0] }}",
    "print": "{{ messages }} {{ none }} {{ true }} {{ range(3) }} {{ range(0, 10, 3)[1:] }} {{ {'a': 1}.items() }} {{ undefinedname }}|",
    "slices": "{{ 'hello'[1:-1] }} {{ 'hello'[::-1] }} {{ 'hello'[10:] }} {{ 'ünï🙂'[-1] }} {{ 'ünï🙂'[:-1] }} {{ [1,2,3,4][::2] }} {{ [1,2,3][-2:] }} {{ (1,2,3)[:1] }} {{ messages[::-1]|map(attribute='role')|join(',') }} {{ [1,2,3][5:0:-2] }} {{ messages[99] is defined }} {{ messages.0.role }}",
    "loop": "{% for m in messages if m.role != 'x' %}{{ loop.index }}/{{ loop.length }}{{ loop.index0 }}{{ loop.revindex }}{{ loop.revindex0 }}{{ loop.first }}{{ loop.last }} {{ loop.previtem.role if not loop.first }} {{ loop.nextitem.role if not loop.last }} {{ loop.cycle('a', 'b') }} {{ loop.changed(m.role) }} {{ loop.depth }}\n{% else %}none{% endfor %}{% for x in [] %}{{ x }}{% else %}nothing{% endfor %}{% for k, v in {'a': 1, 'b': 2}.items() %}{{ k }}={{ v }} {% endfor %}{% for c in 'añb' %}{{ c }}.{% endfor %}{% for (a, b), c in [((1, 2), 3)] %}{{ a }}{{ b }}{{ c }}{% endfor %}{% for x in undefinedname %}{% endfor %}",
    "loopcontrols": "{% for i in range(10) %}{% if i == 2 %}{% continue %}{% endif %}{% if i == 5 %}{% break %}{% endif %}{{ i }}{% endfor %}{% for i in [1] %}{% continue %}{% else %} else{% endfor %}",
    "scopes": "{% set x = 1 %}{% for i in [1, 2] %}{{ x }}{% set x = x + i %}{{ x }} {% endfor %}{{ x }}{% if true %}{% set x = 5 %}{% endif %}{{ x }}{% with x = 7, y = x %}{{ x }}{{ y }}{% endwith %}{{ x }}{% for a in [1, 2] %}{% for b in [3] %}{{ loop.last }}{% endfor %}{{ loop.last }}{% endfor %}",
    "namespace": "{% set ns = namespace(a=1, b='x') %}{% for i in range(3) %}{% set ns.a = ns.a + i %}{% set ns.c = i %}{% endfor %}{{ ns.a }}{{ ns.b }}{{ ns.c }}{{ ns['a'] }}{{ ns.missing is defined }}{% set n2 = namespace({'q': [1]}) %}{{ n2.q[0] }}",
    "set": "{% set a, b = 1, [2] %}{{ a }}{{ b }}{% set block %} text {{ a }}\n{% endset %}[{{ block }}]{% set up | upper | trim %} text {% endset %}[{{ up }}]{% set t = 1, 2 %}{{ t }}",
    "macro": "{% macro f(a, b='B', c=a) -%} [{{ a }}{{ b }}{{ c }}{{ varargs }}{{ kwargs }}] {%- endmacro %}{{ f(1) }}{{ f(1, 2, 3, 4, x=5) }}{{ f(b=1, a=2) }}{{ f() }}{% macro fact(n) %}{{ 1 if n < 2 else n * fact(n - 1) | int }}{% endmacro %}{{ fact(6) }}",
    "whitespace": "  {% if true %}  \n  kept\n  {% endif %}\n{{ 1 }}\n  {{- 2 -}}  \n 3\n   {%+ if true %} plus{% endif +%}\n   {%- if true -%}  minus  {%- endif -%}  \n{# gone #}\n  {#- gone -#}  end\n\t{% set x = 1 %}\n\n{{ x }}\n",
    "raw": "{% raw %}{{ not }} {% if %}{% endraw %}|{%- raw -%}  {# x #}  {%- endraw -%}  |",
    "filters": "{{ ' a '|trim }}|{{ 'xxaxx'|trim('x') }} {{ 'abc'|length }} {{ 'añ'|upper }} {{ 'ÀB'|lower }} {{ 'hello wORLD-x'|title }} {{ 'hELLO'|capitalize }} {{ 5|string ~ 1 }} {{ [3,1,2]|first }} {{ [3,1,2]|last }} {{ [1,'a',none]|join('-') }} {{ x|default('d') }} {{ ''|default('e', true) }} {{ none|d('f') }} {{ 'aXbX'|replace('X', '-', 1) }} {{ '3.7'|int }} {{ 'x'|int(5) }} {{ '1_0'|int }} {{ ' 2.5 '|float }} {{ -3|abs }} {{ 'ab'|list }} {{ {'a':1}|items|list }} {{ {'b':1,'A':2}|dictsort }} {{ [1,2,1]|unique|list }} {{ 'abc'|reverse }} {{ [1,2]|reverse|list }} {{ ['b','A','c']|sort }} {{ ['b','A']|sort(case_sensitive=true, reverse=true) }} {{ [1,2.5]|sum }} {{ [3,1]|min }} {{ ['a','B']|max }} {{ '<b>'|safe }} {{ 'a\nb\n\nc'|indent(2) }} {{ 'a\nb'|indent('> ', true) }}",
    "select": "{{ messages|map(attribute='role')|list }} {{ ['a','b']|map('upper')|join }} {{ [{'a':1},{}]|map(attribute='a', default=0)|list }} {{ [1,2,3,4]|select('odd')|list }} {{ [0,1]|select|list }} {{ [1,2]|reject('eq', 1)|list }} {{ messages|selectattr('role','equalto','user')|list|length }} {{ messages|rejectattr('role','in',['user'])|map(attribute='content')|list }} {{ messages|selectattr('content')|list|length }}{% if messages|selectattr('nope')  %} an iterator is true{% endif %}",
    "tojson": "{{ messages|tojson }} {{ messages[0]|tojson(indent=2) }} {{ []|tojson(indent=4) }} {{ {'b':1,'a':[1,2,{}]}|tojson(indent=1, sort_keys=true) }} {{ 'é\\n\\x01\\x7f<>&'|tojson }} {{ 'é🙂'|tojson(ensure_ascii=true) }} {{ [1,2.0,1e20,(3,)]|tojson(separators=(',',':')) }} {{ {1:none,true:false}|tojson }}",
    "tests": "{{ 1 is number }}{{ true is number }}{{ 'a' is string }}{{ {} is mapping }}{{ [] is iterable }}{{ 'a' is sequence }}{{ {} is sequence }}{{ 1 is iterable }}{{ true is boolean }}{{ true is true }}{{ 1 is true }}{{ false is false }}{{ none is none }}{{ none is not none }}{{ x is defined }}{{ x is undefined }}{{ (x.y is defined) if x }}{{ 4 is divisibleby 2 }}{{ 3 is odd }}{{ 3 is even }}{{ 'A' is upper }}{{ 'a' is lower }}{{ 1 is integer }}{{ 1.0 is float }}{{ 1 is eq 1 }}{{ 2 is gt 1 }}{{ 1 is in [1] }}{{ none is sameas none }}{{ range is callable }}{{ 1 is not string and true }}",
    "methods": "{{ '  x '.strip() }}|{{ 'xaax'.strip('x') }} {{ '  x '.lstrip() }}|{{ ' x  '.rstrip() }}| {{ 'a b  c'.split() }} {{ 'a,b,,c'.split(',') }} {{ 'a,b,c'.split(',', 1) }} {{ 'a,b,c'.rsplit(',', 1) }} {{ ' a  b '.split(none, 1) }} {{ 'a\nb\r\nc'.splitlines() }} {{ 'abc'.startswith('ab') }} {{ 'abc'.endswith(('x','c')) }} {{ 'straße'.upper() }} {{ 'ΑΣ'.lower() }} {{ \"it's x\".title() }} {{ 'aXa'.capitalize() }} {{ 'aab'.replace('a','b') }} {{ 'aab'.replace('a','b',1) }} {{ '-'.join(['a','b']) }} {{ 'añb'.find('b') }} {{ 'abab'.rfind('b') }} {{ 'aaa'.count('a') }} {{ 'a1'.isalnum() }} {{ '12'.isdigit() }} {{ 'a-b-c'.partition('-') }} {{ 'abc'.removeprefix('a') }} {{ {'a':1}.keys()|list }} {{ {'a':1}.values()|list }} {{ {'a':1}.get('z', 5) }} {{ {'a':1}.get('z') }} {{ [1,2,1].count(1) }} {{ [1,2].index(2) }} {{ '{}-{b}'.format(1, b='x') }}",
    "functions": "{{ range(2, 8, 3)|list }} {{ dict(a=1, b=2) }} {{ dict({'x': 1}, y=2)|tojson }} {{ range(3)|length }}",
    "safe": "{{ ('<b>'|safe) + '<i>' }} {{ '<b>'|safe ~ '<i>' }} {% set x = messages[0]|tojson|safe %}{{ x }}",
    "filter-block": "{% filter upper %}a {{ 'b' }}{% endfilter %}{% filter replace('a','b')|trim %} aa {% endfilter %}|",
    "call": "{% macro box(title, width=3) %}<{{ title }}{{ width }}:{{ caller() }}>{% endmacro %}{% call box('a') %} in {{ messages[0].role }}{% endcall %}{% macro each(items) %}{% for i in items %}{{ caller(i, loop.index) }};{% endfor %}{% endmacro %}{% call(x, n=0) each([5, 6]) %}{{ n }}={{ x }}{% endcall %}{% macro maybe() %}{{ caller is defined }}{{ caller() if caller }}{% endmacro %}{{ maybe() }}{% call maybe() %}yes{% endcall %}{% macro outer() %}{% set mine = caller %}{% call box('o') %}[{{ mine() }}]{% endcall %}{% endmacro %}{% call outer() %}deep{{ caller }}{% endcall %}{% macro named(caller='none') %}{{ caller }}{% endmacro %}{{ named() }}{{ named('x') }}{% macro passed() %}{{ kwargs|length }}{% endmacro %}{% call passed() %}{% endcall %}{% call(a, b=2) box('p', *[4], **{}) %}{{ caller is defined }}{{ b }}{% endcall %}",
    "macro-members": "{% macro f(a, b=1) %}{{ caller }}{{ varargs }}{% endmacro %}{% macro g() %}{{ kwargs }}{% endmacro %}{{ f.name }} {{ f.arguments }} {{ f.catch_varargs }}{{ f.catch_kwargs }}{{ f.caller }} {{ g.name }}{{ g.catch_kwargs }}{{ g.arguments }} {{ f.nothing is defined }} {{ f }} {{ f is callable }}",
    "recursive": "{% for item in [{'n': 'a', 'c': [{'n': 'b', 'c': [{'n': 'c'}]}, {'n': 'd'}]}, {'n': 'e'}] recursive %}{{ loop.depth }}{{ loop.depth0 }}{{ item.n }}{% if item.c %}({{ loop(item.c) }}){% endif %}{{ ',' if not loop.last }}{% endfor %}|{% for x in [[1, [2]], [3]] recursive %}{% if x is iterable %}<{{ loop(x)|trim }}>{% else %}{{ x }} {% endif %}{% else %}empty{% endfor %}|{% for x in [[], 2] if x != 2 recursive %}{{ loop(x) if x is iterable }}{{ loop.length }}{% else %}none{% endfor %}|{% for k, v in {'a': {'b': {}}}.items() recursive %}{{ k }}:{{ loop(v.items()) }};{% endfor %}",
    "stars": "{% macro f(a, b='B', c='C') %}[{{ a }}{{ b }}{{ c }}{{ varargs }}{{ kwargs }}]{% endmacro %}{{ f(*[1, 2, 3, 4]) }}{{ f(1, *(2,)) }}{{ f(**{'a': 1, 'c': 3}) }}{{ f(1, *[2], c=5) }}{{ f(*[1], **{'z': 9}) }}{{ f(*'xy') }}{{ 'a-b-c'.split(*['-', 1]) }}{{ [3, 1]|sort(**{'reverse': true}) }}{{ dict(**{'q': 1}) }}{{ range(*[1, 4])|list }}{{ 4 is divisibleby(*[2]) }}{{ f(1, *nothing) }}",
    "cycler": "{% set c = cycler('a', 'b', 'c') %}{{ c.current }}{{ c.next() }}{{ c.next() }}{{ c.current }}{{ c.next() }}{{ c.next() }}{{ c.pos }}{{ c.reset() }}{{ c.current }}{{ c.items }}{% set j = joiner() %}{{ j() }}x{{ j() }}y{{ j() }}z{% set k = joiner(' | ') %}{{ k() }}1{{ k() }}2{% for m in messages %}{{ j() }}{{ m.role }}{% endfor %}{{ c is callable }}{{ j is callable }}",
    "print-tag": "{% print 1 + 1 %}{% print 'a', none, [1] %}|",
    "groupby": "{% for g in messages|groupby('role') %}{{ g.grouper }}={{ g.list|length }}{{ g[0] }} {% endfor %}{% for role, list in messages|groupby('role') %}{{ role }}:{{ list|map(attribute='content')|join('/') }};{% endfor %}{{ [{'a': 'X', 'n': 1}, {'a': 'x', 'n': 2}, {'a': 'b', 'n': 3}]|groupby('a') }}{{ [{'a': 'X'}, {'a': 'x'}]|groupby('a', case_sensitive=true)|length }}{{ [{'a': 1}, {}]|groupby('a', default=0) }}{{ [[2, 'p'], [1, 'q'], [2, 'r']]|groupby(0) }}{{ [{'a': {'b': 1}}]|groupby('a.b') }}{{ ([{'a': 1}]|groupby('a'))[0].list }}",
    "batch": "{{ [1,2,3,4,5]|batch(2)|list }}{{ [1,2,3]|batch(2, '-')|list }}{{ []|batch(2)|list }}{{ 'abc'|batch(2, none)|list }}{{ [1,2,3,4,5,6,7]|slice(3)|list }}{{ [1,2,3,4]|slice(3, 'x')|list }}{{ [1,2]|slice(3)|list }}{{ [1,2]|slice(3, 0)|list }}{% for row in messages|batch(2) %}{{ loop.index }}{{ row|length }}{% endfor %}",
    "round": "{{ 2.5|round }} {{ 3.5|round }} {{ 42.55|round(1) }} {{ 42.55|round(1, 'floor') }} {{ 42.51|round(1, 'ceil') }} {{ 5|round }} {{ 1234.5|round(-2) }} {{ 2.675|round(2) }} {{ -0.5|round }} {{ 1.005|round(precision=2) }} {{ 1e300|round }} {{ true|round }} {{ 7.0|round|int }} {{ 5|round(method='floor') }} {{ 0.125|round(2) }}",
    "percent": "{{ '%s is %d' % ('a', 3) }} {{ '%05.1f|%-6s|%+d|% d|%x|%X|%o|%e|%g|%c|%%' % (3.14159, 'ab', 5, 6, 255, 255, 8, 12345.678, 0.0001, 'z') }} {{ '%s' % none }} {{ '%r' % 'q' }} {{ '%(a)s-%(b)03d' % {'a': 1, 'b': 2} }} {{ '%s' % [1, 2] }} {{ 'x' % [] }} {{ '%*d' % (5, 42) }} {{ '%.2s|' % 'abc' }} {{ '%s' % nothing }}| {{ '%d' % 3.9 }} {{ '%s %s'|format('a', 1) }} {{ '%(n)s'|format(n='k') }} {{ '%#x' % 255 }} {{ '%-5d|' % 3 }} {{ '%5s|' % 'é' }} {{ '%.3d' % 5 }} {{ '%i' % true }} {{ '%.0f' % 2.5 }} {{ '%G' % 1e-10 }}",
    "format": "{{ '{} {}'.format(1, 'a') }} {{ '{1}{0}'.format('a', 'b') }} {{ '{x:>5}|{x:<5}|{x:^5}|{x:*^7}'.format(x='ab') }} {{ '{:05d} {:+} {:,} {:_}'.format(42, 3, 1234567, 1234) }} {{ '{:.2f} {:8.3f} {:e} {:g} {:.1%}'.format(3.14159, 2.5, 12345.0, 0.5, 0.256) }} {{ '{:x} {:X} {:#x} {:b} {:o} {:c}'.format(255, 255, 255, 5, 8, 65) }} {{ '{0[a]} {0[b][0]} {1.role}'.format({'a': 1, 'b': [2]}, messages[0]) }} {{ '{!r} {!s}'.format('q', 'q') }} {{ '{{}} {}'.format(1) }} {{ '{:{w}}|'.format('a', w=4) }} {{ '{:.2}'.format('abc') }} {{ '{:5}|{:<5}|'.format(1, true) }} {{ '{:>4}'.format(1.5) }} {{ '{}'.format(none) }}{{ '{}'.format([1, 'a']) }} {{ '{:-^9}'.format(-5) }} {{ '{:=+6d}'.format(7) }} {{ '{:010.3f}'.format(-3.14159) }}",
    "center": "{{ 'ab'|center(5) }}|{{ 'abc'|center(6) }}|{{ 'x'|center }}|{{ 'abcdef'|center(3) }}|{{ 5|center(4) }}|{{ 'ab'.center(7, '*') }}|{{ 'ab'.ljust(5) }}|{{ 'ab'.rjust(5, '.') }}|{{ '42'.zfill(5) }}{{ '-42'.zfill(5) }}{{ 'a\tb'.expandtabs(4) }}{{ 'aBc'.swapcase() }}{{ 'Hi There'.istitle() }}{{ 'Hi there'.istitle() }}{{ 'é'.isascii() }}{{ '½'.isnumeric() }}{{ '½'.isdecimal() }}{{ 'a\n'.isprintable() }}{{ 'ABC'.casefold() }}",
    "positions": "{{ 'hello'.find('l', 3) }}{{ 'hello'.find('l', -2) }}{{ 'hello'.find('h', 1) }}{{ 'hello'.rfind('l', 0, 3) }}{{ 'hello'.count('l', 3) }}{{ 'hello'.index('o', 2) }}{{ 'hello'.startswith('l', 2) }}{{ 'hello'.endswith('l', 0, 4) }}{{ 'hello'.startswith('', 9) }}{{ 'héllo'.find('l', 2) }}{{ 'hello'.find('', 5) }}",
    "truncate": "{{ 'foo bar baz qux'|truncate(9) }}|{{ 'foo bar baz qux'|truncate(9, true) }}|{{ 'foo bar baz qux'|truncate(11) }}|{{ 'foo bar baz qux'|truncate(11, false, '...', 0) }}|{{ 'foo bar baz'|truncate(5, end='…', leeway=0) }}|{{ 'short'|truncate }}|{{ 'unbroken'|truncate(4, leeway=0) }}",
    "urlencode": "{{ 'a b/c?d=é&~_.-'|urlencode }} {{ {'a b': 'c/d', 'e': 1}|urlencode }} {{ [('x', 'y z'), ('p', none)]|urlencode }} {{ 5|urlencode }} {{ nothing|urlencode }}|",
    "escape": "{{ '<a href=\"x\">&\\'</a>'|e }} {{ ('<'|e) ~ '>' }} {{ '<'|escape + '<' }} {{ '&lt;'|safe|e }} {{ '<'|e|forceescape }} {{ '<'|safe|forceescape }} {{ ('<'|e) is escaped }}{{ '<' is escaped }} {{ 5|e }} {{ {'class': 'a b', 'n': none, 'id': '<'}|xmlattr }} {{ {}|xmlattr }}| {{ {'a': 1}|xmlattr(false) }}",
    "small-filters": "{{ 'one two_three, 4!'|wordcount }} {{ messages[0]|attr('items') is callable }} {{ messages[0]|attr('role') is defined }} {{ 1|filesizeformat }} {{ 999|filesizeformat }} {{ 1000|filesizeformat }} {{ 1500000|filesizeformat }} {{ 2048|filesizeformat(true) }} {{ 'ff'|int(base=16) }} {{ '0x1F'|int(0, 16) }} {{ 'z'|int(7, 16) }} {{ '12.5'|int(0, 8) }} {{ 'upper' is filter }}{{ 'nope' is filter }}{{ 'odd' is test }}{{ 'nope' is test }} {{ {(1, 2): 'pair'}[1, 2] }} {{ ['a', 'b']|map('center', 3)|list }} {{ [1.25, 2.35]|map('round', 1)|list }}",
    "wordwrap": "{% set t = 'A well-known mill stands by the river -- old--but sound; co-op-er-a-tion, e-mail and 3-4 wheels.\\n\\n  Indented   text with averyveryverylongwordindeed and in-be-tween-ness  \\r\\nübermäßig-große 水車 小屋' %}{% for n in [1, 2, 5, 8, 12, 20, 79] %}[{{ t|wordwrap(n) }}][{{ t|wordwrap(n, false) }}][{{ t|wordwrap(n, true, '|') }}][{{ t|wordwrap(n, break_on_hyphens=false) }}]{% endfor %}{{ ''|wordwrap }}{{ 'a b'|wordwrap(wrapstring=none) }}",
    "urlize": "{% for t in ['see http://example.com/a?b=c&d=e.', '(https://a.b.org/x_(y)), www.mill.com!', 'mailto:me@mill.org or you@mill.org, @me@you', '<b>http://x.io</b>', 'ftp://x.com no.where mill.com:80/path; 10.0.0.1 http://10.0.0.1/ http://[::1]:8/', 'http://localhost www. HTTP://MILL.COM/UP xn--a.xn--b', 'a\\tb\\nhttp://mill.museum/averylongpath/indeed', 'x@y z.com@q.r. http://', '&lt;http://a.de&gt; \\'www.q.de\\''] %}[{{ t|urlize }}]{{ t|urlize(12) }}{{ t|urlize(trim_url_limit=5, nofollow=true, target='_blank', rel='me a') }}{% endfor %}{{ 5|urlize }}{{ nothing|urlize }}",
    "striptags": "{{ '<p>Hello <b>big</b>\\n  mill</p> a < b > c <!-- <i> gone --> &amp;lt; &lt;b&gt; &#39;x&#x41;&quot; AT&T & <open'|striptags }}|{{ 5|striptags }}|{{ '<<!-- x -->!-- y -->z'|striptags }}|{{ '<!-->a-->b<!-- c'|striptags }}|{{ '<<a>b>c'|striptags }}|{{ '&amp'|replace('amp', '') ~ '&nbsp;&apos;'|striptags }}|{{ nothing|striptags }}",
    "pprint": "{{ {'b': [1, 2.5, none], 'a': {'z': true, 'y': \"it's\"}}|pprint }} {{ 'text'|pprint }} {{ [1, (2,), {}, []]|pprint }} {{ 5|pprint }} {{ none|pprint }} {{ {'é': 1, 'B': 2, 'a': 3, '_': 4}|pprint }}",
    "order-tests": "{% for a, b in [(1, 2), (2, 2), (3, 2), ('a', 'b')] %}{{ a is eq b }}{{ a is equalto b }}{{ a is ne b }}{{ a is lt b }}{{ a is lessthan b }}{{ a is le b }}{{ a is gt b }}{{ a is greaterthan b }}{{ a is ge b }} {% endfor %}{% for t in ['==', '!=', '<', '<=', '>', '>=', 'lt', 'le', 'ge', 'ne'] %}{{ [1, 2, 3]|select(t, 2)|list }}{{ [1, 2, 3]|reject(t, 2)|list }}{% endfor %}{{ [1, 2, 3]|select('==', 2)|list }}{{ [1, 2]|select('!=', 2)|list }}{{ [1, 2]|select('<', 2)|list }}{{ [1, 2]|select('<=', 2)|list }}{{ [1, 2]|select('>', 1)|list }}{{ [1, 2]|select('>=', 2)|list }}{{ [1, 2]|count }}{{ 'ab'|count }}",
    "refused-wordwrap": "{{ 'a'|wordwrap(0) }}",
    "refused-wordwrap-type": "{{ 5|wordwrap }}",
    "refused-caller": "{% macro f() %}x{% endmacro %}{% call f() %}{% endcall %}",
    "refused-no-caller": "{% macro f() %}{{ caller() }}{% endmacro %}{{ f() }}",
    "refused-call-name": "{% call messages %}{% endcall %}",
    "refused-caller-parameter": "{% macro f(caller) %}{{ caller }}{% endmacro %}",
    "refused-caller-of-caller": "{% macro box() %}{{ caller() }}{% endmacro %}{% macro outer() %}{% call box() %}{{ caller() }}{% endcall %}{% endmacro %}{% call outer() %}deep{% endcall %}",
    "refused-loop-call": "{% for x in [[1]] %}{{ loop(x) }}{% endfor %}",
    "refused-star": "{{ range(*5) }}",
    "refused-stars": "{{ dict(**[1]) }}",
    "refused-twice": "{% macro f(a) %}{% endmacro %}{{ f(a=1, **{'a': 2}) }}",
    "refused-star-order": "{{ range(*[1], 2) }}",
    "refused-percent-few": "{{ '%s %s' % ('a',) }}",
    "refused-percent-many": "{{ '%s' % ('a', 'b') }}",
    "refused-percent-one": "{{ 'a' % 1 }}",
    "refused-percent-type": "{{ '%d' % 'a' }}",
    "refused-format-key": "{{ '{x}'.format(1) }}",
    "refused-format-type": "{{ '{:d}'.format('a') }}",
    "refused-cycler": "{{ cycler() }}",
    "refused-round": "{{ 'a'|round }}",
    "refused-truncate": "{{ 'aaaa'|truncate(1) }}",
    "refused-groupby": "{{ messages|groupby }}",
    "refused-undefined": "{{ nothing.at.all }}",
    "refused-call": "{{ messages[0].nothing() }}",
    "refused-change": "{% set _ = messages.append(1) %}",
    "refused-sum": "{{ 'a' + 1 }}",
    "refused-none": "{{ 'a' + none }}",
    "refused-order": "{{ 1 < 'a' }}",
    "refused-zero": "{{ 1 // 0 }}",
    "refused-iteration": "{% for x in 5 %}{% endfor %}",
    "refused-unpacking": "{% for a, b in [[1, 2, 3]] %}{% endfor %}",
    "refused-length": "{{ messages|map(attribute='role')|length }}",
    "refused-open-if": "{% if true %}",
    "refused-open-output": "{{ 1 ",
    "refused-open-comment": "{# x",
    "refused-tag": "{% nothing %}",
    "refused-bracket": "{{ [1, 2) }}",
    "refused-end": "{% endif %}",
    "refused-break": "{% break %}",
    "refused-exception": "{{ raise_exception('no ' ~ 1) }}",
    "refused-range": "{{ range(1000000)|list }}",
    "refused-json": "{{ nothing|tojson }}",
}


def rendered(template, messages, tools, prompt, variables):
    # As `apply_chat_template` does: members that are None are not there.
    chat = [{key: value for key, value in message.items() if value is not None} for message in messages]
    try:
        texts, _ = render_jinja_template(
            [chat], tools=tools, chat_template=template, add_generation_prompt=prompt, bos_token="<s>", eos_token="</s>", **variables)
        return texts[0]
    except Exception:  # whatever Python or Jinja raise: the template refuses
        return None


cases = []
for name, (conversation, messages), tools, prompt in itertools.product(FAMILIES, CONVERSATIONS.items(), (False, True), (True, False)):
    if tools and "tools" not in FAMILIES[name]:
        continue
    for variables in [{}, {"enable_thinking": False}] if name == "qwen3" else [{}]:
        text = rendered(FAMILIES[name], messages, TOOLS if tools else None, prompt, variables)
        cases.append({"template": name, "conversation": conversation, "tools": tools, "prompt": prompt, "variables": variables, "text": text})
for name, template in CONSTRUCTS.items():
    text = rendered(template, CONVERSATIONS["turns"], None, True, {})
    assert (text is None) == name.startswith("refused"), name
    cases.append({"template": name, "conversation": "turns", "tools": False, "prompt": True, "variables": {}, "text": text})

with open("Tests/MohawkTextTests/Goldens/chat.json", "w") as file:
    json.dump(
        {"templates": {**FAMILIES, **CONSTRUCTS}, "conversations": CONVERSATIONS, "tools": TOOLS, "cases": cases},
        file, ensure_ascii=False, separators=(",", ":"))
    file.write("\n")
