"""The words of the patient's pages, per language. What stands around a message is in ``content.wording``."""

from collections.abc import Mapping
from dataclasses import dataclass

from aftercare.content.wording import language_of
from aftercare.protocols.models import Topic


@dataclass(frozen=True)
class PageWording:
    """``{clinic}``, ``{day}``, ``{time}`` and ``{topic}`` are filled by whoever shows the words."""

    help: str
    sent: str
    dates: str
    waiting: str
    earliest: str
    topics: Mapping[str, str]
    since: str
    next_visit: str
    calendar: str
    again: Mapping[str, str]
    restart: str
    check_in: str
    coming: str
    about: str
    nothing_coming: str
    came: str
    unsettled: str
    ask: str
    ask_warning: str
    keep_safety: str
    stop_all: str
    done: str
    done_routine: str
    done_care: str
    slip: str
    stopped_all: str
    stopped_routine: str
    stop_rest: str
    way_back: str
    old: str
    old_advice: str
    unknown: str
    unknown_advice: str
    unknown_emergency: str


_WORDINGS = {
    "en": PageWording(
        help="Need help?",
        sent="Sent on {day}, {time}",
        dates="Your dates",
        waiting="When you can start again",
        earliest="These are the earliest days. If your skin is still sore then, wait and call us.",
        topics={
            Topic.WASHING: "Washing",
            Topic.MAKEUP: "Make-up",
            Topic.SUNSCREEN: "Sunscreen",
            Topic.EXERCISE: "Hard exercise",
            Topic.HEAT: "Sauna, steam and hot baths",
            Topic.SWIMMING: "Swimming",
            Topic.ALCOHOL: "Alcohol",
            Topic.ACTIVES: "Acids (AHA, BHA), retinoids, vitamin C, benzoyl peroxide and scrubs",
        },
        since="from",
        next_visit="Your next visit",
        calendar="Add these dates to my calendar",
        again={
            Topic.WASHING: "wash the skin",
            Topic.MAKEUP: "wear make-up",
            Topic.SUNSCREEN: "use sunscreen",
            Topic.EXERCISE: "exercise hard",
            Topic.HEAT: "use the sauna, steam and hot baths",
            Topic.SWIMMING: "swim",
            Topic.ALCOHOL: "have alcohol",
            Topic.ACTIVES: "use acids (AHA, BHA), retinoids, vitamin C, benzoyl peroxide and scrubs",
        },
        restart="You may {topic} again (earliest, only if your skin is calm)",
        check_in="A message asks how you are",
        coming="Messages still to come",
        about="{day}, about {time}",
        nothing_coming="No more messages are planned.",
        came="Messages so far",
        unsettled="Your clinic is checking these dates. Please call before you rely on any of them.",
        ask="Stop these messages?",
        ask_warning=(
            "They say what to look out for and when to get help. If you stop them all, {clinic} is told, "
            "so that you can have this advice in another way."
        ),
        keep_safety="Keep the safety messages, stop the others",
        stop_all="Stop all of these messages",
        done="Done",
        done_routine="{clinic} will send you only the safety messages.",
        done_care="{clinic} will send you no more of these messages, and has been told.",
        slip="Was it a slip, or do you need advice? Call us.",
        stopped_all="You get no more messages from {clinic}",
        stopped_routine="You get only the safety messages from {clinic}",
        stop_rest="Stop the safety messages too?",
        way_back="Would you like them again? Call us, and we send them again.",
        old="This link is too old",
        old_advice="Please use the link in a newer message, or call the clinic.",
        unknown="We do not know this link",
        unknown_advice="Please open it from the message again, whole. If it still fails, call your clinic.",
        unknown_emergency="In an emergency call your local emergency number: 999, 112 or 911.",
    ),
    "es": PageWording(
        help="¿Necesita ayuda?",
        sent="Enviado el {day}, {time}",
        dates="Sus fechas",
        waiting="Cuándo puede volver a empezar",
        earliest="Son las fechas más tempranas. Si la piel aún le molesta, espere y llámenos.",
        topics={
            Topic.WASHING: "Lavado",
            Topic.MAKEUP: "Maquillaje",
            Topic.SUNSCREEN: "Protector solar",
            Topic.EXERCISE: "Ejercicio fuerte",
            Topic.HEAT: "Sauna, vapor y baños calientes",
            Topic.SWIMMING: "Nadar",
            Topic.ALCOHOL: "Alcohol",
            Topic.ACTIVES: "Ácidos (AHA, BHA), retinoides, vitamina C, peróxido de benzoílo y exfoliantes",
        },
        since="desde",
        next_visit="Su próxima visita",
        calendar="Añadir estas fechas a mi calendario",
        again={
            Topic.WASHING: "lavar la piel",
            Topic.MAKEUP: "maquillarse",
            Topic.SUNSCREEN: "usar protector solar",
            Topic.EXERCISE: "hacer ejercicio fuerte",
            Topic.HEAT: "usar la sauna, el vapor y los baños calientes",
            Topic.SWIMMING: "nadar",
            Topic.ALCOHOL: "tomar alcohol",
            Topic.ACTIVES: (
                "usar ácidos (AHA, BHA), retinoides, vitamina C, peróxido de benzoílo y exfoliantes"
            ),
        },
        restart="Puede {topic} de nuevo (como pronto, solo si su piel está calmada)",
        check_in="Un mensaje le pregunta cómo está",
        coming="Mensajes por llegar",
        about="{day}, {time} aproximadamente",
        nothing_coming="No hay más mensajes previstos.",
        came="Mensajes hasta ahora",
        unsettled="Su clínica está revisando estas fechas. Llame antes de confiar en ellas.",
        ask="¿No quiere recibir más mensajes?",
        ask_warning=(
            "Dicen a qué debe estar atento y cuándo pedir ayuda. Si los cancela todos, se avisa a {clinic} "
            "para que reciba estos consejos de otra forma."
        ),
        keep_safety="Recibir solo los mensajes de seguridad",
        stop_all="No recibir ningún mensaje",
        done="Hecho",
        done_routine="{clinic} le enviará solo los mensajes de seguridad.",
        done_care="{clinic} no le enviará más mensajes como estos y ya está avisada.",
        slip="¿Ha sido un error o necesita consejo? Llámenos.",
        stopped_all="Ya no recibe mensajes de {clinic}",
        stopped_routine="De {clinic} recibe solo los mensajes de seguridad",
        stop_rest="¿No quiere recibir tampoco los mensajes de seguridad?",
        way_back="¿Quiere volver a recibirlos? Llámenos y se los enviaremos de nuevo.",
        old="Este enlace es demasiado antiguo",
        old_advice="Use el enlace de un mensaje más reciente o llame a la clínica.",
        unknown="No conocemos este enlace",
        unknown_advice="Ábralo otra vez, completo, desde el correo. Si no funciona, llame a su clínica.",
        unknown_emergency="En una emergencia, llame al número de emergencias de su zona: 112, 911 o 999.",
    ),
    "ar": PageWording(
        help="هل تحتاج إلى مساعدة؟",
        sent="أُرسلت يوم {day}، {time}",
        dates="مواعيدك",
        waiting="متى يمكنك البدء من جديد",
        earliest="هذه أقرب المواعيد الممكنة. إذا كانت بشرتك لا تزال تؤلمك فانتظر واتصل بنا.",
        topics={
            Topic.WASHING: "الغسل",
            Topic.MAKEUP: "المكياج",
            Topic.SUNSCREEN: "واقي الشمس",
            Topic.EXERCISE: "الرياضة الشديدة",
            Topic.HEAT: "الساونا والبخار والحمامات الساخنة",
            Topic.SWIMMING: "السباحة",
            Topic.ALCOHOL: "الكحول",
            Topic.ACTIVES: "الأحماض (AHA وBHA) والريتينويدات وفيتامين سي وبيروكسيد البنزويل والمقشّرات",
        },
        since="ابتداءً من",
        next_visit="زيارتك القادمة",
        calendar="أضف هذه المواعيد إلى تقويمي",
        again={
            Topic.WASHING: "غسل البشرة",
            Topic.MAKEUP: "استعمال المكياج",
            Topic.SUNSCREEN: "استعمال واقي الشمس",
            Topic.EXERCISE: "ممارسة الرياضة الشديدة",
            Topic.HEAT: "استعمال الساونا والبخار والحمامات الساخنة",
            Topic.SWIMMING: "السباحة",
            Topic.ALCOHOL: "تناول الكحول",
            Topic.ACTIVES: (
                "استعمال الأحماض (AHA وBHA) والريتينويدات وفيتامين سي وبيروكسيد البنزويل والمقشّرات"
            ),
        },
        restart="يمكنك {topic} من جديد (على أقرب تقدير، فقط إذا كانت بشرتك هادئة)",
        check_in="رسالة تسألك عن حالك",
        coming="رسائل ستصلك",
        about="{day}، حوالي الساعة {time}",
        nothing_coming="لا توجد رسائل أخرى مقررة.",
        came="الرسائل حتى الآن",
        unsettled="تراجع عيادتك هذه المواعيد. يُرجى الاتصال قبل الاعتماد عليها.",
        ask="هل تريد إيقاف هذه الرسائل؟",
        ask_warning=(
            "تخبرك هذه الرسائل بما يجب الانتباه إليه ومتى تطلب المساعدة. "
            "إذا أوقفتها كلها فسيتم إبلاغ {clinic} لتحصل على هذه النصائح بطريقة أخرى."
        ),
        keep_safety="الإبقاء على رسائل السلامة فقط",
        stop_all="إيقاف كل هذه الرسائل",
        done="تم",
        done_routine="سترسل لك {clinic} رسائل السلامة فقط.",
        done_care="لن ترسل لك {clinic} مزيدًا من هذه الرسائل، وقد تم إبلاغها.",
        slip="هل حدث ذلك بالخطأ أم تحتاج إلى نصيحة؟ اتصل بنا.",
        stopped_all="لم تعد تصلك رسائل من {clinic}",
        stopped_routine="تصلك من {clinic} رسائل السلامة فقط",
        stop_rest="هل تريد إيقاف رسائل السلامة أيضًا؟",
        way_back="هل تريد أن تصلك من جديد؟ اتصل بنا وسنرسلها لك مرة أخرى.",
        old="هذا الرابط قديم جدًا",
        old_advice="يُرجى استخدام الرابط في رسالة أحدث أو الاتصال بالعيادة.",
        unknown="لا نعرف هذا الرابط",
        unknown_advice="افتحه كاملًا من الرسالة مرة أخرى. إذا لم ينجح ذلك فاتصل بعيادتك.",
        unknown_emergency="في حالة الطوارئ اتصل برقم الطوارئ في منطقتك: 999 أو 112 أو 911.",
    ),
}
LANGUAGES = tuple(_WORDINGS)


def page_wording(locale: str) -> PageWording:
    """The words for a locale's language. Raises KeyError for a language we have no words in."""
    return _WORDINGS[language_of(locale)]
