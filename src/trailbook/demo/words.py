"""The words of the demo: companies, people's names and the small vocabulary of a call centre."""

from __future__ import annotations

from typing import NamedTuple


class CompanyWords(NamedTuple):
    """A company: its tenant id, its name, its hours ahead of UTC, the culture most of its people's names are from."""

    id: str
    name: str
    offset: int
    culture: str


OPERATOR_TENANT = CompanyWords("trailbook-cloud", "Trailbook Cloud", 0, "english")
"""The company that runs the system for all the others: its staff act across tenants."""

COMPANIES = (
    CompanyWords("acme", "Acme Telecom", -5, "english"),
    CompanyWords("globex", "Globex Versicherung", 1, "german"),
    CompanyWords("sakura", "さくら電話サービス", 9, "japanese"),
    CompanyWords("initech", "Initech Support", -8, "english"),
    CompanyWords("nour", "شركة النور للاتصالات", 3, "arabic"),
    CompanyWords("soleil", "Assurances du Soleil", 1, "french"),
    CompanyWords("longma", "龙马客服", 8, "chinese"),
    CompanyWords("hermon", "חרמון שירות לקוחות", 2, "hebrew"),
    CompanyWords("umbrella", "Umbrella Care ☂", 0, "english"),
    CompanyWords("hanok", "한옥 콜센터", 9, "korean"),
    CompanyWords("volga", "Волга Связь", 3, "russian"),
    CompanyWords("rio-azul", "Rio Azul Atendimento", -3, "portuguese"),
)
"""The largest first. More companies than these are numbered branches of `BRANCH_WORDS`."""

BRANCH_WORDS = (
    "northwind",
    "contoso",
    "tailspin",
    "fabrikam",
    "vandelay",
    "stark",
    "wayne",
    "hooli",
    "aperture",
    "tyrell",
)

GIVEN = {
    "english": ("Alice", "Bob", "Alex", "Sam", "Priya", "Grace", "Tom", "Zoë", "Liam", "Nia", "Owen", "Ruth"),
    "german": ("Anna", "Jürgen", "Käthe", "Lukas", "Björn", "Heike", "Alex", "Sören", "Ute", "Mehmet"),
    "japanese": ("陽子", "健太", "美咲", "大輔", "さくら", "翔", "ケイト", "直樹"),
    "arabic": ("ليلى", "يوسف", "فاطمة", "عمر", "نور", "خالد", "مريم", "سامي"),
    "french": ("Amélie", "François", "Chloé", "Loïc", "Noémie", "Théo", "Inès", "Éric"),
    "chinese": ("伟", "秀英", "娜", "强", "敏", "静", "丽", "磊"),
    "hebrew": ("נועה", "דוד", "מיכל", "יוסי", "תמר", "איתן", "רחל", "אורי"),
    "korean": ("민준", "서연", "지우", "하은", "도윤", "수아", "Alex", "지민"),
    "russian": ("Анна", "Дмитрий", "Ольга", "Сергей", "Алёна", "Фёдор", "Юлия", "Иван"),
    "portuguese": ("João", "Beatriz", "Caio", "Inês", "Luís", "Conceição", "Rui", "Sofia"),
}

FAMILY = {
    "english": ("Kim", "Smith", "O'Brien", "Patel", "Nguyen", "García-López", "Brown", "Okafor", "Lee", "Walsh"),
    "german": ("Müller", "Weiß", "Schröder", "Yıldız", "Kim", "von der Heide", "Groß", "Fuchs"),
    "japanese": ("佐藤", "鈴木", "高橋", "田中", "渡辺", "伊藤", "山本", "中村"),
    "arabic": ("الحسن", "المصري", "حداد", "العلي", "منصور", "الخطيب", "ناصر", "سعيد"),
    "french": ("Lefèvre", "Benoît", "Dupont", "N'Diaye", "Moreau", "Gauthier", "Rossi", "Hélène"),
    "chinese": ("王", "李", "张", "刘", "陈", "杨", "赵", "黄"),
    "hebrew": ("כהן", "לוי", "מזרחי", "פרץ", "ביטון", "אברהם", "פרידמן", "דהן"),
    "korean": ("김", "이", "박", "최", "정", "강", "조", "윤"),
    "russian": ("Иванова", "Смирнов", "Кузнецова", "Попов", "Соколова", "Лебедев", "Козлов", "Новикова"),
    "portuguese": ("Silva", "Araújo", "Conceição", "Gonçalves", "Sousa", "Magalhães", "Brandão", "Cruz"),
}

MARKS = (" 🎧", " 🌻", " (temp)", " 👩🏽\u200d💻", " <b>", " =1+1")
"""What people put behind their names, some of it hostile to pages and spreadsheets; about one in forty has one."""

NAMESAKE = "Alex Kim"
"""The name that one agent in each of the two largest companies bears: two people, one name."""

GROUPS = (
    "Call center", "Sales", "Quality", "Back office", "Complaints", "Retention", "Night shift", "Technical help",
    "VIP desk", "Training", "Billing", "Outbound",
)  # fmt: skip
ROLES = ("agent", "supervisor", "admin", "auditor")
SUPPORT_GROUP = "Support"

BROWSERS = (
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36",
    "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Safari/605.1.15",
    "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0",
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/125.0.0.0 Edg/125.0.0.0",
)
PHONE_APP = "CallDesk/7.4.1 (Android 14; Pixel 7a) okhttp/4.12.0"

QUEUES = ("billing", "new-contracts", "support-1st", "support-2nd", "complaints", "cancellations", "callbacks")
TAGS = ("refund", "angry", "contract", "vip", "silent", "transfer", "training", "follow-up", "legal", "outage")
SEARCHES = ("refund", "longer than 20 minutes", "cancel contract", "data protection", "بطاقة", "解約", "Überweisung")
REPORTS = (
    "Calls by agent", "Missed calls", "Waiting times", "Quality scores", "Recordings exported", "Shift handover",
)  # fmt: skip
REMARKS = (
    "Friendly and clear, but the closing formula was missing.",
    "Customer asked twice for a supervisor; the agent handled it well.",
    "Please play this in the next training: a model answer to a refund question.",
    "Consent for recording was not asked for in the first ten seconds.",
    "Long silence between 02:10 and 04:35, the order screen was slow again.",
)
WRONG = ("wrong password", "account locked", "second factor not confirmed", "password expired")
EDITS = (
    ("phone", "+1 555 01{:02d}", "+1 555 01{:02d}"),
    ("seat", "floor 2, desk {}", "floor 3, desk {}"),
    ("extension", "4{:03d}", "5{:03d}"),
    ("daily_limit_minutes", 420, 480),
    ("may_export", False, True),
    ("status", "active", "locked"),
    ("status", "locked", "active"),
    ("skills", ["billing"], ["billing", "complaints"]),
)
"""What administrators change in a profile: field, old, new; a text's `{}` becomes a number."""
