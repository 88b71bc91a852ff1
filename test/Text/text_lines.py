"""Lines of text for tokenizer comparisons: the same ones for the same count."""
import ast
import random
import re

SENTENCES = r"""The quick brown fox jumps over the lazy dog.
We're sure they've said I'm late; he'd go, she'll stay, it's ours, don't they?
WE'RE SURE THEY'VE SAID I'M LATE; HE'D GO, SHE'LL STAY, IT'S OURS, DON'T THEY?
We’re sure they’ve said I’m late; he’d go, she’ll stay, it’s ours, don’t they?
'S 'T 'RE 'VE 'M 'LL 'D 's't're've'm'll'd 'ſ 'Sx 'lLy 'x '' ''s
In 1969, 3.14159 * 1,234,567 = 3,878,500.5; call +49 (0)30 12345678 at 09:41!
def fib(n):\n    return n if n < 2 else fib(n - 1) + fib(n - 2)\n\n\nprint([fib(i) for i in range(10)])
int main(void) {\r\n\tprintf("%d\\n", x >>= 2); // ok\r\n\treturn 0;\r\n}
fn main() -> Result<(), Box<dyn Error>> { let v: Vec<u8> = vec![0x1f; 16]; Ok(()) }
SELECT a.id, COUNT(*) FROM "t" AS a WHERE a.x <> 'y' GROUP BY 1 HAVING COUNT(*)>=10;
<div class="a b"><!-- c --><p>&nbsp;x &lt; y</p></div>
{"key": [1, 2.5e-3, null, true], "näme": "\\u00e9\\n"}
#include <vector>\n#define MAX(a,b) ((a)>(b)?(a):(b))\ntemplate<class T> auto f(T&&x)->decltype(x){return x;}
const f = async (x) => { await g(`${x}`); }; // λ
C:\\Users\\me\\file.txt https://example.org/a?b=c&d=%20#e user@example.org
Ὅμηρος· ἐν ἀρχῇ ἦν ὁ λόγος. Ελληνικά.
Быстрая коричневая лиса перепрыгивает через ленивую собаку.
مرحبا بالعالم، كيف حالكم؟ العربيّةُ لغةٌ جميلة ١٢٣٤٥
שלום עולם! בְּרֵאשִׁית בָּרָא אֱלֹהִים
สวัสดีชาวโลก ภาษาไทยไม่มีช่องว่าง ๑๒๓๔
नमस्ते दुनिया! हिन्दी में लिखें क्षत्रिय ०१२३४५
আমার সোনার বাংলা ১২৩ தமிழ் மொழி ௧௨௩ ಕನ್ನಡ తెలుగు മലയാളം සිංහල
你好，世界！今天天气很好。一二三四五六七八九十〇
吾輩は猫である。名前はまだ無い。カタカナ ｶﾀｶﾅ ｆｕｌｌｗｉｄｔｈ １２３
안녕하세요 세계! 한국어 한글 ㄱㄴㄷ
Tiếng Việt có dấu: Người ta nói gì? Ça va déjà? Größe, naïve, Ærøskøbing, Łódź
ქართული ენა Հայերեն ភាសាខ្មែរ ၁၂၃ မြန်မာ བོད་ཡིག አማርኛ ᠮᠣᠩᠭᠣᠯ
👋🏽 👨‍👩‍👧‍👦 🏳️‍🌈 🇩🇪🇫🇷 👩🏿‍🚀 1️⃣ ❤️ 🤷‍♂️ 🫠
½ ⅓ Ⅻ ② ㊿ ³ ₄ 𝟘𝟙 𝔘𝔫𝔦 𐌰𐌱 𓀀 𒀀 ⁵⁶
a\u00a0b\u3000c\u2003d\u200be\u200cf\u200dg\ufeffh\u2028i\u2029j\u0085k\u1680l\u202fm\u205fn
e\u0301 n\u0303 Z\u0351\u036b\u0343\u036a\u0302\u036b\u033d a\u0308o\u0308u\u0308 \u0301x
→ ∑∫√∞ ≠≤≥ ±× €£¥₿ «»„“” … – — ‽ § ¶ © ® ™
__init__ snake_case camelCase PascalCase SCREAMING_CASE kebab-case x86_64 sha256 v1.2.3-rc4""".split("\n")
SENTENCES = [re.sub(r"\\(?:u[0-9a-f]{4}|.)", lambda escape: ast.literal_eval(f"'{escape[0]}'"), line)
             for line in SENTENCES]

SPACES = ["", " ", "  ", "   ", " " * 17, "\t", "\t\t", "\n", "\n\n", "\n\n\n", "\r\n", "\r\n\r\n", "\r", " \n", "\n ",
          "\n    ", "  \n\t  ", "\u00a0", "\u3000", "\u200b", "\u2028", "\u0085", "\x0b", "\x0c", " \u00a0 ", "\x1c"]
LOOK_ALIKES = ["<|im_start", "<|im_start|", "|im_start|>", "<|IM_END|>", "<|im_end|>x", "<<|im_end|>>",
               "<|im_<|im_end|>",
               "<|im_start|><|im_start|>", " <|im_end|> ", "<|endoftext|>\n", "<repo_name", "<reponame>", "<|", "|>"]
PLANES = [(0x00, 0x7F), (0x80, 0x24F), (0x250, 0x7FF), (0x800, 0x1FFF), (0x2000, 0x2BFF), (0x2C00, 0xD7FF),
          (0xE000, 0xFFFF), (0x10000, 0x1FFFF), (0x20000, 0x3FFFF), (0xE0000, 0xE01FF), (0x40000, 0x10FFFF)]


def random_text(random_source, length):
    first, last = random_source.choice(PLANES)
    return "".join(chr(random_source.randint(first, last)) for _ in range(length))


def one_line(rng, specials):
    kind = rng.randrange(10)
    if kind == 0:
        return random_text(rng, rng.randint(1, 60))
    if kind == 1:
        return "".join(random_text(rng, rng.randint(1, 4)) for _ in range(rng.randint(1, 25)))
    if kind == 2:
        pieces = specials + LOOK_ALIKES + SPACES + ["x", "system", "1", "é"]
        return "".join(rng.choice(pieces) for _ in range(rng.randint(1, 12)))
    if kind == 3:
        unit = rng.choice(["a", "ab", "é", "👍", "the", " ", "\n", "=", "-", "0", "12", "\t ", "가", "'s", "ค"])
        return unit * rng.randint(1, 300)
    if kind == 4:
        return "".join(rng.choice("0123456789.,-+ %$€#'") for _ in range(rng.randint(1, 60)))
    if kind == 5:
        letters = rng.choice(["abcdefghijklmnopqrstuvwxyz", "AEIOUbcdfg", "абвгдежз", "اهمنرل", "ßäöüéèñ"])
        return "".join(rng.choice(letters) for _ in range(rng.randint(1, 400)))
    parts = []
    for _ in range(rng.randint(1, 5)):
        sentence = rng.choice(SENTENCES)
        begin = rng.randrange(len(sentence))
        parts.append(sentence[begin:begin + rng.randint(1, 80)] if kind < 8 else sentence)
        parts.append(rng.choice(SPACES))
    if kind == 9:
        text = list("".join(parts))
        for _ in range(rng.randint(1, 8)):
            text.insert(rng.randrange(len(text) + 1), rng.choice(SPACES + ["'", "’", "'S", "1", "<|im_end|>", "🙂"]))
        return "".join(text)
    return "".join(parts)


def varied_lines(count, specials):
    rng = random.Random(20260401)
    fixed = [""] + SENTENCES + SPACES + LOOK_ALIKES + specials
    fixed += [left + middle + right for left in ("a", "1", "", ".") for middle in SPACES
              for right in ("b", "2", "", "!")]
    while len(fixed) < count:
        fixed.append(one_line(rng, specials))
    return fixed[:count]


def exhaustive_lines():
    """Every code point: in a row, after an apostrophe, after a space and before letters and digits."""
    points = [chr(code) for code in range(0x110000) if not 0xD800 <= code <= 0xDFFF]
    rows = [points[begin:begin + 512] for begin in range(0, len(points), 512)]
    around = ["{}", "'{}a", "a {}1", " {} {}a", "\n{}\n"]
    return ["".join(form.replace("{}", point) for point in row) for form in around for row in rows]
