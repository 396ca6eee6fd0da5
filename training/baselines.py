"""What people do without us: a list of regular expressions, and TF-IDF with logistic regression on the text of a block.

The expressions were written from what publishers are known to say, one list for all sites, as a scraper keeps it. They were not
fitted to gold v1: its pages were only used to find expressions that strike editorial lines; what they miss there was not read.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.feature_extraction.text import HashingVectorizer, TfidfTransformer
from sklearn.linear_model import LogisticRegression

#: A block of this many characters or more is taken for body text, whatever it says.
LONGEST_PROMO = 400

#: The TF-IDF baseline reads no further into a block (characters).
READ_CHARACTERS = 600

#: Columns of the hashed n-gram table.
HASHED_FEATURES = 2**18

#: Said anywhere in a line, by language. A space stands for any white
#: space character (blocks are folded), an apostrophe for both forms; in scripts that
#: put spaces between words, an expression begins at a word's beginning.
SPACED = {
    "en": (
        r"(?:subscribe|sign up|sign in|log in|register|become a (?:member|subscriber)|join)(?: now| today| for free| or (?:log"
        r"|sign) in)? (?:to|and) (?:continue|keep|finish|start|read|unlock|access|see|view|get (?:full|unlimited))\b",
        r"(?:to|want to) (?:continue|keep|finish) reading\b.{0,60}\b(?:subscri|register|sign|log ?in|join|account|free)",
        r"to (?:read|access|view|unlock) (?:the (?:full|rest|whole|entire|complete)|this|more|all|our)\b.{0,80}\b(?:subscri"
        r"|register|sign (?:up|in)|log ?in|account)",
        r"continue reading (?:with|for|by|your|this article (?:with|for|by))\b",
        r"(?:already|not|not yet|are you|existing) (?:an? )?(?:\w+ )?(?:subscriber|member|subscribed|registered)s?(?:"
        r" yet)?\s?[?:!,]",
        r"(?:already|don't) have an? (?:\w+ )?(?:account|subscription)\?",
        r"(?:you have|you've|you are|you're) .{0,20}\b\w+ (?:\w+ )?(?:free )?(?:articles?|stories|story|views?|reads?) (?:left"
        r"|remaining|this month)",
        r"you(?:'ve| have) (?:reached|hit|used|exceeded|read) (?:your|all|the|you're)\b.{0,40}\b(?:limit|articles?|stories)",
        r"(?:your |the )?(?:\w+ )?(?:articles?|stories|story) remaining\b",
        r"(?:this|the) (?:article|story|content|post|page|report|video|piece|feature|newsletter)(?: is|'s| has been)?(?: \w+)?"
        r" (?:reserved |exclusive(?:ly)? |only |available )?(?:only )?(?:for|to)(?: our)?(?: \w+)? (?:subscribers|members"
        r"|paying|paid|premium)",
        r"(?:subscribers?|members?|premium)[- ](?:only|exclusive)(?: (?:content|article|story|post|access))?\s*[.!]?$",
        r"exclusive(?:ly)? (?:content )?(?:for|to) (?:our )?(?:subscribers|members)\b",
        r"(?:this is )?(?:a )?preview of (?:subscription|subscriber) content",
        r"(?:get|enjoy|gain|unlock) (?:\w+ )?(?:unlimited|full|instant|complete|all|premium)[ -](?:\w+ )?(?:digital )?access\b",
        r"unlimited (?:digital )?(?:access|articles)\b",
        r"(?:subscribe|subscribing) (?:now|today|here|for (?:just|only|free|as|less|[$£€])|via|by e-?mail|with|from just)\b",
        r"subscribe (?:to|for) (?:our|my|the|this|us|your|more|\w+(?: \w+){0,3}'?s?) ?.{0,40}(?:newsletter|channel|podcast"
        r"|magazine|updates|blog|digest|mailing list|alerts|feed|briefing|e-?mails?)\b",
        r"(?:please )?(?:consider|think about) (?:subscribing|becoming|donating|supporting|making a (?:donation|contribution)|a"
        r" (?:donation|subscription))",
        r"start (?:your|a) (?:\w+[ -]){0,3}(?:trial|subscription|membership)\b",
        r"(?:free|\d+[- ](?:day|week|month)) (?:\w+ )?trial\b.{0,40}(?:cancel|subscri|then|start|sign|access)",
        r"try (?:it |us )?(?:free\b(?!-)|for (?:free\b|just\b|only\b|[$£€]))",
        r"(?:you can )?(?:cancel|unsubscribe) (?:at )?any ?time\b",
        r"(?:view|see|choose|compare|explore|check) (?:all )?(?:our |your |the )?(?:subscription )?(?:subscription|plan|offer"
        r"|membership)s? ?(?:options|plans|offers)?\s*[.!›»>→]?$",
        r"(?:subscription|introductory|limited[- ]time|special|subscriber|black friday) (?:offers?|deal)\b.{0,60}(?:subscri"
        r"|[$£€%]|off\b|month|save)",
        r"(?:for|only|just|from|then) (?:us|a|au|nz|ca)?[$£€]\s?\d+(?:[.,]\d+)? ?(?:/|per|a|every|for (?:your |the )?(?:first"
        r" )?(?:\w+ )?) ?(?:week|month|year|wk|mo|yr)s?\b.{0,30}\Z",
        r"(?:billed|renews|charged) (?:automatically|every|as [$£€]|at [$£€]|[$£€])",
        r"save (?:up to )?(?:\d+ ?%|[$£€]\d+).{0,40}(?:subscri|annual)|give (?:a|the) gift (?:of|subscription)",
        r"gift (?:a )?subscriptions?\b",
        r"(?<!you )(?<!can )(?<!who )(?<!they )sign up (?:now|today|here|below|free|for (?!your)|to)\b.{0,60}(?:newsletters?"
        r"|e-?mails?|updates|alerts|news|digest|briefing|inbox|list|free|latest|stor(?:y|ies)|daily|weekly|here)\b",
        r"(?:join|subscribe to|get|receive) (?:our|my|the) (?:\w+ ){0,4}(?:newsletters?|mailing list|email list|e-?mail updates"
        r"|digest)\b",
        r"(?:get|receive|have|want|need)\b.{0,80}\b(?:to|in|into|straight to|directly to|delivered to) (?:your|you) (?:e-?mail "
        r"|mail)?(?:in-?box|e-?mail)",
        r"(?:delivered|sent|straight|direct|directly|right) (?:\w+ )?(?:to|in|into) your (?:e-?mail )?in-?box",
        r"(?:enter|type|submit|provide|add|your|please enter)(?: in)? (?:your |a |valid ){0,2}e-?mail(?: address)?\s*[.:*!]?$",
        r"(?:enter|type) your e-?mail\b",
        r"(?:by|when|in|if you) (?:sign(?:ing)?|subscrib(?:ing|e)|register(?:ing)?|submit(?:ting)?|enter(?:ing)?|click(?:ing)?"
        r"|provid(?:ing)?|continu(?:ing|e)|creat(?:ing|e)|join(?:ing)?)\b.{0,120}\byou (?:\w+ ){0,2}(?:agree|accept|consent"
        r"|acknowledge|confirm|will receive)",
        r"(?:thank you|thanks) for (?:subscribing|signing up|registering|your (?:subscription|support|interest in our))",
        r"(?:we (?:will|'ll)|we) (?:never|not) (?:send you |share your |sell your )?(?:spam|e-?mail|your e-?mail)|no spam\b",
        r"(?:please )?check your (?:in-?box|e-?mail|spam).{0,60}(?:confirm|subscription|verif|link)",
        r"(?:please )?(?:follow|like|join|find|add|connect with) (?:us|me|@?\w+(?: \w+){0,3}) (?:on|via|in|at) (?:\w+ ){0,2}"
        r"(?:facebook|twitter|x|instagram|linkedin|youtube|tiktok|whatsapp|telegram|google news|pinterest|threads|bluesky"
        r"|mastodon|flipboard|snapchat|apple news|discord|social)\b",
        r"follow (?:us|me) (?:here|now|for|@)",
        r"(?:join|subscribe to|follow) (?:our|my|the) (?:\w+ ){0,3}(?:whatsapp|telegram|youtube|facebook|discord|slack) (?:\w+"
        r" )?(?:channel|group|page|community|server)",
        r"(?:listen|subscribe)(?: and subscribe| to .{1,40})? (?:on|via|in|wherever|through) (?:\w+ ){0,2}(?:apple podcasts?"
        r"|itunes|spotify|you get your podcasts|stitcher|rss)",
        r"(?:make|set|add) .{1,40} (?:as )?(?:a|your) preferred source",
        r"(?:turn on|enable|allow|get|receive) (?:\w+ )?(?:(?:push|browser|desktop) notifications|(?:breaking )?news (?:alerts"
        r"|notifications))\b",
        r"(?:download|get|install|try|read (?:it |this )?in|available (?:in|on)) (?:our|the) (?:\w+ ){0,4}app\b(?! store)",
        r"(?:download|get it|available|get the app) (?:now )?(?:on|from|in) (?:the )?(?:\w+ )?(?:app ?store|google play|play"
        r" store)",
        r"(?:support|help us|help fund|fund|back|sustain) .{0,40}\b(?:independent|quality|local|public|nonprofit|our"
        r"|investigative|fearless|free) (?:\w+ )?(?:journalis[mt]s?|reporting|newsroom|work|coverage|mission)\b.{0,200}(?:donat"
        r"|contribut|today|subscri|member|support|$)",
        r"(?:please )?(?:donate|contribute|chip in|make a (?:\w+[ -]){0,3}(?:donation|gift|contribution|pledge)) (?:now|today"
        r"|here|to (?:us|our|support|keep|help)|via|with)\b",
        r"(?:your|every|a) (?:\w+[ -]){0,3}(?:donation|contribution|gift|support|membership|subscription)s? (?:helps?|makes?"
        r"|keeps?|will (?:help|keep|go)|funds?|allows?|enables?)(?: \w+){0,2} (?:us|our|possible|possible\b)",
        r"(?:we (?:rely|depend)|relies) on (?:the (?:\w+ )?(?:support|generosity) of )?(?:our )?(?:readers|donations|donors"
        r"|reader|people like you|your (?:support|donations))",
        r"(?:reader|listener|member)[- ](?:supported|funded)\b.{0,80}(?:support|donat|subscri|publication|receive)",
        r"buy (?:me|us) a coffee",
        r"become a (?:patron|paid subscriber|paying subscriber|supporter|supporting member|sustaining member)\b",
        r"support (?:us|me) (?:on|via|with|by)\b|become a (?:\w+ ){0,2}(?:member|subscriber) (?:today|now|for|to|of|and)\b",
        r"(?:create|register for|open|get) (?:a|your|an) (?:free |new )?account\b.{0,60}(?:to|and|now|free|$)",
        r"(?:register|join|sign up) (?:now |today )?(?:for|it's) free\b",
        r"(?:like|love|enjoy|enjoying|liked|enjoyed)(?: reading| what you(?:'re| are) reading)? (?:this|these|our|what you)?(?:"
        r" \w+)?\?.{0,60}(?:subscri|sign up|follow|support|newsletter|share|join)",
        r"(?:never|don't) miss (?:a|an|out on (?:any|a|our)|any|another) (?:story|post|update|beat|issue|thing|article"
        r"|episode)\b",
        r"(?:skip|end of|after) newsletter (?:promotion|sign-?up)",
    ),
    "de": (
        r"(?:jetzt|hier|gleich|einfach|noch heute|kostenlos|gratis|30 tage) (?:\w+ )?(?:abonnieren|anmelden|registrieren|testen"
        r"|bestellen|weiterlesen|lesen|abo|spenden|unterstützen|herunterladen|downloaden|freischalten|mitglied)",
        r"(?:diesen|den|dieser|der|die|das|um den|um diesen)? ?(?:ganzen |vollständigen )?(?:artikel|beitrag|text|inhalt)\w* "
        r"(?:\w+ ){0,5}(?:abonnent|abonnement|abo\b|plus\b|freischalten|weiterlesen|weiterzulesen|weiter zu lesen|anmelde"
        r"|registrier)",
        r"(?:weiterlesen|lesen sie weiter) (?:mit|mit ihrem|im abo|und)\b",
        r"(?:sie (?:sind|haben)|du (?:bist|hast)|ihr habt) (?:bereits|schon|noch kein\w*) (?:\w+ ){0,4}(?:abonnent\w*|kund\w*"
        r"|registriert|abo|konto|mitglied|account|zugang)",
        r"(?:bereits|schon|noch kein\w*) (?:\w+ )?(?:abonnent\w*|abo|registriert|kunde|mitglied|konto"
        r"|digital-?abonnent\w*)\s?[?!]",
        r"(?:(?:melden|tragen|registrieren) sie sich|melde dich|trag dich|registriere dich) (?:\w+ ){0,6}(?:an|ein|newsletter"
        r"|kostenlos)\b",
        r"(?:newsletter|unseren \w*newsletter|den \w+[- ]newsletter|\w+-newsletter) .{0,30}(?:abonnieren|anmelden|bestellen"
        r"|erhalten|anmeldung|an!)",
        r"(?:zum|unser|kostenloser|täglicher) (?:\w+[ -])?newsletter\b|newsletter-anmeldung",
        r"(?:abonnieren|folgen|unterstützen|besuchen) sie (?:uns|unser\w*|den|die|jetzt)\b",
        r"(?:abonniere|folge|folgt|folg|unterstütze|unterstützt) (?:uns|unser\w*|mir)\b",
        r"(?:\d+ (?:tage|wochen|monate?)|im ersten monat|ersten monat|erster monat|im probemonat) (?:\w+ ){0,4}(?:gratis"
        r"|kostenlos|testen|lesen|kostenfrei|für (?:nur )?\d)",
        r"(?:monatlich|jederzeit|danach|flexibel) (?:\w+ ){0,3}künd(?:bar|igen)|probe-?abo\b",
        r"(?:digital|print|jahres|monats|geschenk|e-paper)-?abo(?:nnement)?s? (?:bestellen|abschließen|testen|für)",
        r"(?:nur|ab|für|danach|dann) \d+[,.]\d\d ?(?:€|euro) ?(?:/|pro|im|mtl|monatlich)",
        r"(?:unbegrenzt\w*|voller|vollen|alle|uneingeschränkt\w*) (?:digital\w* )?(?:zugriff|zugang|artikel|inhalte) (?:\w+"
        r" ){0,3}(?:auf|lesen|zu|frei)",
        r"(?:unterstützen|fördern) sie .{0,60}journalismus|mit (?:ihrer|deiner|eurer) (?:spende|unterstützung)\b",
        r"(?:wir brauchen|bitte) .{0,20}(?:unterstützung|spende)",
        r"(?:ihre|deine|e-mail|email)[- ]?(?:e-mail|mail)?-?adresse(?: eingeben| hier eingeben)?\s*[*:]?$",
        r"(?:mit|durch) (?:der|ihrer|deiner) (?:anmeldung|registrierung|bestellung) (?:\w+ ){0,4}(?:stimme|akzeptier|erkläre"
        r"|bestätige|willig)",
        r"(?:laden sie|lade dir|holen sie sich|hol dir) .{0,40}(?:app|newsletter|abo)\b",
        r"(?:unsere|die) (?:\w+[- ]){0,2}app (?:\w+ )?(?:herunterladen|laden|installieren)",
        r"(?:vielen dank|danke) für (?:ihre|deine|die) (?:anmeldung|registrierung|unterstützung|bestellung)",
        r"abmeldung (?:ist )?jederzeit",
    ),
    "fr": (
        r"(?:abonnez|inscrivez|connectez|identifiez)[- ]vous\b",
        r"s'abonner\b(?:.{0,40}(?:newsletter|à partir|pour|dès|chaîne|€)|\s*!?$)|je m'(?:abonne|inscris|identifie)|m'abonner\b",
        r"abonne-toi|inscris-toi",
        r"(?:déjà|pas encore|vous êtes|êtes-vous|pas) (?:\w+ )?(?:abonnée?|abonné\(e\)|abonné\.e|abonné·e|inscrit|membre|un"
        r" compte)s?\b.{0,4}(?:[?!:]|connect|$)",
        r"(?:cet|l') ?(?:article|contenu)\w*.{0,40}(?:réservé|réservés|exclusi\w+)|réservée?s? (?:à nos|aux) abonné",
        r"contenu réservé|(?:article|édition) abonné",
        r"(?:pour|afin de) (?:lire|continuer|accéder|consulter|poursuivre|découvrir) .{0,60}(?:abonn|inscri|connect|compte)",
        r"la suite (?:de cet article )?est réservée|il (?:vous )?reste .{0,10}% (?:de cet article )?à (?:lire|découvrir)",
        r"(?:recevez|recevoir|retrouvez) .{0,80}(?:newsletter|boîte mail|par e-?mail|infolettre|boîte de réception|courriel)",
        r"(?:notre|nos|la|à la) (?:\w+ )?(?:newsletter|infolettre)s?\b.{0,40}(?:gratuit|inscri|recev|quotidien|chaque)",
        r"(?:suivez|rejoignez|retrouvez|soutenez|ajoutez)[- ](?:nous|notre|nos|moi|le \w+ sur|\w+ sur)\b",
        r"suivre sur (?:\w+ )?(?:google|facebook|twitter|instagram|whatsapp)",
        r"(?:téléchargez|télécharger) (?:notre|l'|la|gratuitement).{0,20}(?:appli|application)\b|faites? un don|faire un don",
        r"(?:votre|un) (?:don|soutien) (?:nous|permet|est déductible)|je (?:fais un don|soutiens)|sans engagement\b",
        r"(?:essai|offre) (?:gratuit|découverte|spéciale|d'essai|numérique)|à partir de \d+[,.]?\d* ?€ ?(?:/|par)? ?mois",
        r"(?:\d+ ?€|gratuit) (?:le|pendant|par) (?:\w+ )?(?:premier )?mois|accès illimité",
        r"votre (?:adresse )?(?:e-?mail|courriel)\s*[*:]?$|désabonner à tout moment",
    ),
    "es": (
        r"(?:suscríb(?:ete|ase)|suscribete|suscribirme|regístr(?:ate|ese)|inscríb(?:ete|ase)|hazte (?:socio|suscriptor|premium)"
        r"|hágase (?:socio|suscriptor))\b",
        r"suscribirse (?:ahora|por|desde|gratis|a (?:la|nuestra) newsletter|al boletín)\b",
        r"(?:ya|aún no|eres|todavía no) (?:\w+ )?(?:suscriptor|suscrito|registrado|socio|tienes? (?:una )?cuenta)\w*\s?[?,:]?",
        r"¿(?:ya )?(?:eres|tienes|no tienes) .{0,30}(?:suscri|cuenta|registrad)",
        r"(?:contenido|artículo|noticia) (?:exclusiv[oa]|sol[oa]|reservad[oa]|únicamente) (?:para|a) (?:nuestros )?"
        r"(?:suscriptor|usuario|socio)\w*",
        r"(?:exclusivo|solo) para (?:suscriptores|socios)",
        r"para (?:seguir|continuar|leer|acceder) (?:leyendo|al?|el|este|más|con)?.{0,60}(?:suscr|regístr|inici[ae]|cuenta)",
        r"(?:te quedan?|has (?:leído|alcanzado|agotado)) .{0,30}(?:artículos|límite|noticias)",
        r"(?:recib[ea]|apúnt[ae]te|reciba) .{0,80}(?:newsletter|boletín|correo|e-?mail|bandeja)",
        r"(?:nuestr[oa]s?|al) (?:\w+ )?(?:newsletters?|boletín|boletines)\b",
        r"(?:síguenos|seguinos|síganos|siga a|únete|únase|sumate|súmate)\b",
        r"sigue (?:a \w+|nuestr\w+|toda la (?:información|actualidad)).{0,40} en (?:\w+ )?(?:facebook|twitter|x|instagram"
        r"|whatsapp|telegram|google)",
        r"descarga(?:te)? (?:nuestra|la|gratis la) (?:\w+ )?(?:app|aplicación)",
        r"(?:apoya|ayúdanos|colabora|dona|haz (?:una|tu) donación|necesitamos tu apoyo)(?: \w+){0,5} (?:periodismo|con nosotros"
        r"|ahora|hoy|a seguir|independiente|nuestro trabajo)",
        r"haz (?:una|tu) (?:donación|aportación)|cancela cuando quieras|sin (?:permanencia|compromiso)",
        r"acceso (?:ilimitado|total)|prueba gratis|correo electrónico\s*[*:]?$",
    ),
    "it": (
        r"(?<!gli )(?:abbonati|registrati|accedi|sostienici)(?: (?:a|al|alla|per|e|ora|subito|su|con|gratis|adesso)\b|\s?!|\Z)",
        r"(?:iscriviti|seguici|unisciti|scarica (?:la|l'|gratis)(?: nostra)? ?app|attiva (?:ora|l'abbonamento|le notifiche))\b",
        r"(?:sei|hai|non sei) (?:già|ancora) (?:un |una )?(?:abbonat|iscritt|registrat|account)\w*",
        r"(?:contenuto|articolo)\w* (?:è )?(?:riservat|esclusiv|solo)\w* (?:agli|per|ai) (?:\w+ )?(?:abbonati|iscritti|utenti)",
        r"riservato agli abbonati|(?:sei|hai|non sei) (?:già|ancora) (?:un |una )?(?:abbonat|iscritt|registrat|account)\w*",
        r"(?:contenuto|articolo)\w* (?:è )?(?:riservat|esclusiv|solo)\w* (?:agli|per|ai) (?:\w+ )?(?:abbonati|iscritti|utenti)",
        r"riservato agli abbonati|per (?:continuare|leggere|proseguire|accedere) .{0,60}(?:abbon|registr|iscri|accedi|login)",
        r"(?:ricevi|ricevere) .{0,60}(?:newsletter|e-?mail|casella)",
        r"(?:sostieni|supporta) (?:il|la|il nostro|l') ?\w+.{0,40}(?:giornalismo|donazione|informazione|lavoro)",
        r"fai una donazione|prova gratis|disdici quando vuoi",
        r"segui(?:ci)? .{0,30} su (?:google news|facebook|instagram|telegram|whatsapp)",
    ),
    "pt": (
        r"(?:assine|inscreva-se|cadastre-se|subscreva|registe-se|faça (?:o |seu )?(?:login|cadastro)|torne-se|seja) (?:\w+"
        r" ){0,3}(?:a|o|já|agora|para|e|por|newsletter|assinante|grátis|no|nossa?|membro|aqui)\b",
        r"(?:já|ainda não|não) (?:é|sou|tem) (?:\w+ )?(?:assinante|cadastr|conta|subscritor|registad)\w*",
        r"(?:conteúdo|artigo|matéria|texto)s? (?:\w+ )?(?:exclusiv|restrit|reservad)\w* (?:para|a|aos) (?:\w+ )?(?:assinantes"
        r"|membros)",
        r"exclusivo para assinantes|para continuar (?:lendo|a ler)",
        r"(?:receba|recebe) .{0,80}(?:newsletter|e-?mail|whatsapp|inbox)",
        r"(?:siga|acompanhe|curta)(?:-nos| o| a| nosso| nossa)? .{0,40}(?:no|na|nas|pelo) (?:\w+ )?(?:google|facebook|instagram"
        r"|twitter|x|whatsapp|telegram|youtube|redes sociais)",
        r"siga-nos|(?:baixe|descarregue|instale) (?:o|a) (?:\w+ ){0,3}(?:app|aplicativo|aplicação)",
        r"(?:apoie|ajude|contribua|doe) .{0,40}(?:jornalismo|independente|agora|doação|trabalho)|cancele quando quiser",
        r"entre no (?:nosso )?(?:canal|grupo)",
    ),
    "nl": (
        r"(?:abonneer|meld|schrijf|registreer) (?:je|u|jezelf|nu)\b",
        r"(?:neem|kies|start) (?:nu |hier )?(?:een |jouw |je |uw )?(?:proef)?abonnement",
        r"(?:bent u|ben je|al|nog geen|reeds) (?:al |reeds |een )?(?:abonnee|abonnement|account|geabonneerd|lid)\s?\?",
        r"(?:verder lezen|lees verder|om (?:dit|verder|het|onbeperkt)) .{0,60}(?:abonn|inlog|log in|account|proef|gratis)",
        r"(?:alleen|exclusief) (?:toegankelijk )?voor (?:abonnees|leden)|(?:volg|steun) (?:ons|onze)\b",
        r"(?:ontvang|krijg) .{0,80}(?:nieuwsbrief|inbox|mailbox|e-?mail)|(?:onze|de) (?:\w+ )?nieuwsbrief\b",
        r"download (?:onze|de) (?:\w+ )?app\b|(?:maandelijks|elk moment|altijd) opzegbaar|word (?:lid|abonnee|vriend|donateur)\b",
    ),
    "pl": (
        r"(?:zapisz się|zaprenumeruj|subskrybuj|zarejestruj się|zaloguj się|dołącz do|obserwuj nas|śledź nas|polub nas|pobierz"
        r" (?:naszą |bezpłatną )?aplikację|wesprzyj nas|wspieraj nas|wykup (?:dostęp|subskrypcję|abonament)|kup (?:dostęp"
        r"|subskrypcję|prenumeratę))\b",
        r"(?:masz już|nie masz|jesteś już) (?:\w+ )?(?:kont|subskrypcj|prenumerat|abonament|dostęp)\w*",
        r"(?:artykuł|treść|materiał)\w* (?:\w+ )?(?:dostępn|tylko|wyłącznie|przeznaczon)\w* (?:\w+ )?(?:tylko )?dla (?:\w+ )?"
        r"(?:prenumerat|subskryb|abonent|zalogowan)",
        r"(?:aby|żeby|chcesz) (?:czytać|przeczytać|kontynuować) .{0,60}(?:zaloguj|subskry|prenumer|dostęp|wykup)",
        r"newslettera?\b.{0,30}(?:zapisz|otrzym)",
    ),
    "ru-uk-bg": (
        r"(?:подпи(?:шитесь|шись|сывайтесь|сывайся|саться)|оформи(?:те|ть) подписку|зарегистрируйтесь|скачайте (?:наше"
        r" )?приложение|присоединяйтесь|поддержите (?:нас|нашу|наш)|следите за нами|читайте нас в|вступайте в|станьте "
        r"(?:подписчиком|спонсором))",
        r"(?:уже (?:подписаны|есть подписка|подписчик)|доступн\w+ только (?:по подписке|подписчикам)|только для подписчиков"
        r"|чтобы (?:читать|продолжить|прочитать) .{0,40}(?:подпи|войд|зарегистр)|подписка на (?:рассылку|новости)|наш(?:и)? "
        r"(?:телеграм|telegram)-?\s?канал|(?:сделать|сделайте) пожертвование)",
        r"(?:підпи(?:шіться|сатися|сатись|суйтесь|суйтеся)|приєднуйтесь|підтрим(?:айте|ати) (?:нас|наш)|стежте за нами|читайте"
        r" нас)",
        r"(?:абонирайте се|запишете се|последвайте ни|абонирай се|подкрепете ни|следвайте ни)",
    ),
    "sv-da-no": (
        r"(?:prenumerera|teckna (?:en |din )?prenumeration|bli (?:prenumerant|medlem|plusmedlem|abonnent)|anmäl dig|skriv upp"
        r" dig|logga in för att|följ oss|stöd (?:oss|vår)|ladda (?:ner|hem) (?:vår |appen|app)|redan (?:prenumerant|kund"
        r"|medlem))\b",
        r"(?:tilmeld dig|bliv (?:abonnent|medlem|støttemedlem)|køb (?:et )?abonnement|tegn (?:et )?abonnement|følg os|støt "
        r"(?:os|vores)|allerede (?:abonnent|medlem|kunde)|log ind for at|hent (?:vores )?app|få (?:adgang|nyhedsbrevet|de"
        r" seneste|vores)|er du (?:allerede )?abonnent)\b",
        r"nyhedsbrev\w*.{0,30}(?:tilmeld|gratis|modtag)|kun for (?:abonnenter|medlemmer)|for abonnenter$",
        r"(?:bli (?:abonnent|medlem)|kjøp abonnement|følg oss|meld deg på|allerede abonnent|last ned appen|støtt (?:oss|vår)"
        r"|logg inn for å|prøv (?:gratis|nå))\b",
        r"nyhetsbrev\w*.{0,40}(?:gratis|anmäl|meld|få|prenumerera)",
        r"(?:læs|läs|les) (?:videre|vidare|hele artiklen|hela artikeln|hele saken) (?:med|for|för|som)\b",
        r"kr\.? (?:per|i|/) ?(?:månad|måned|md|mnd)|(?:ingen|utan) (?:binding|bindningstid)",
    ),
    "fi": (
        r"(?:tilaa (?:nyt|uutiskirje|lehti|digi|maksuton|tästä)|tilaajille|oletko jo tilaaja|kirjaudu sisään|seuraa meitä|lataa"
        r" sovellus|jatka lukemista|vain tilaajille|liity (?:jäseneksi|postituslistalle))",
    ),
    "cs-sk": (
        r"(?:předplaťte si|přihlaste se k|odebírejte|přihlásit se k odběru|sledujte nás|podpořte nás|stáhněte si (?:naši"
        r" )?aplikaci|máte již předplatné|pouze pro předplatitele|predplaťte si|prihláste sa na odber|podporte nás)",
    ),
    "hu-ro": (
        r"(?:iratkozz(?:on)? fel|fizess(?:en)? elő|kövess(?:en)? minket|támogass(?:on|a)? (?:minket|munkánkat)|csatlakozz"
        r"(?:on)?|már előfizető|abonează-te|abonați-vă|aboneaza-te|urmăriți-ne|urmărește-ne|susține(?:ți)?-ne|ești deja abonat"
        r"|înscrie-te la)",
    ),
    "tr": (
        r"(?:abone ol(?:un|mak|)|bültenimize|e-?bülten\w*|bizi takip ed(?:in|ebilirsiniz)|takip et(?:in|mek için)|üye ol(?:un"
        r"|mak için)|zaten (?:üye|abone)|uygulamamızı indir(?:in)?|uygulamayı indir|destek ol(?:un)?|kanalımıza (?:katıl|abone)"
        r"|ücretsiz (?:üye|kayıt|dene)|kayıt olun)\b",
    ),
    "el": (
        r"(?:εγγρ(?:αφείτε|άψου|αφή) (?:στο|στα|στη|τώρα)|γίνετε (?:συνδρομητής|μέλος)|γίνε (?:συνδρομητής|μέλος)|ακολουθήστε"
        r" (?:μας|το|τη)|είστε ήδη συνδρομητής|κατεβάστε την εφαρμογή|στηρίξτε|υποστηρίξτε (?:μας|το|την))",
    ),
    "id-vi": (
        r"(?:langganan sekarang|berlangganan (?:sekarang|newsletter|untuk)|daftar sekarang|ikuti kami|unduh aplikasi|gabung"
        r"(?:lah)? (?:dengan|di) (?:channel|grup|kanal)|sudah (?:punya akun|berlangganan)|baca berita tanpa iklan|đăng ký "
        r"(?:ngay|nhận|kênh|theo dõi)|theo dõi (?:chúng tôi|kênh)|tải (?:ngay )?ứng dụng|đã có tài khoản)",
    ),
    "ar": (
        r"(?:اشترك(?:وا|ي)? (?:في|الآن|معنا|ب)|للاشتراك|سجل (?:الآن|دخولك|مجانا)|تابع(?:ونا|وا|نا)|انضم(?:وا)? إلى|حم[ّ]?ل"
        r"(?:وا)? (?:ال)?تطبيق|النشرة البريدية|نشرتنا|مشترك بالفعل|هل لديك حساب|ادعم(?:نا|وا)|تبرع(?:وا)? (?:الآن|ل))",
    ),
    "fa-he": (
        r"(?:مشترک شوید|عضو (?:کانال|خبرنامه)|ما را (?:در|دنبال)|دنبال کنید|ثبت ?نام کنید|הירשמו|הרשמו|הרשמה לניוזלטר|הצטרפו"
        r"|עקבו אחרינו|הורידו את האפליקציה|למנויים בלבד|רכשו מינוי|כבר מנוי)",
    ),
    "hi": (
        r"(?:सब्सक्राइब करें|सदस्यता लें|सदस्य बनें|फॉलो करें|हमें फॉलो|ऐप डाउनलोड|एप डाउनलोड|न्यूज़लेटर|साइन अप करें|लॉग ?इन"
        r" करें|जुड़ें)",
    ),
}

#: Said anywhere in a line, in scripts without spaces between words (or, Korean, with endings glued to them).
UNSPACED = {
    "ja": (
        r"(?:会員|有料|購読者|プレミアム)(?:会員|版)?(?:限定|専用)(?:の|記事|です|コンテンツ)?",
        r"(?:この|本)?記事は.{0,15}(?:会員|有料|購読|登録)|(?:続き|全文|残り).{0,25}(?:会員|登録|購読|ログイン|有料|購入)",
        r"(?:会員|無料|新規|ユーザー)(?:会員)?登録(?:する|で|は|を|して|が必要)?(?=.{0,25}$)|残り\s?[\d,]+\s?文字",
        r"(?:メールマガジン|メルマガ|ニュースレター).{0,30}(?:登録|購読|配信|受け取|お届け)",
        r"(?:購読|定期購読|お申し込み|申し込む|登録)(?:する|はこちら|のお申し込み)",
        r"(?:公式)?(?:twitter|facebook|instagram|line|x|youtube|ツイッター|インスタ).{0,15}(?:フォロー|友だち追加|いいね|登録)",
        r"フォロー(?:する|して|お願い|はこちら)|アプリ(?:を|の)?(?:ダウンロード|インストール|で読む)",
        r"(?:寄付|ご支援)(?:する|を|のお願い)|チャンネル登録|初月無料|いつでも解約|(?:すでに|既に)会員の方",
        r"ログインして(?:続き|読む)|月額[\d,]+円",
    ),
    "ko": (
        r"구독(?:하기|하세요|해\s?주세요|신청|하시면|자 전용|을 신청|하러)|뉴스레터(?:를|에|로)?.{0,20}(?:구독|신청|받아|가입)",
        r"(?:유료|구독|멤버십|프리미엄)\s?(?:회원|구독자|전용|콘텐츠)|회원\s?가입|로그인\s?(?:후|하면|하시면|이 필요|하고)",
        r"이미 (?:회원|구독)|(?:채널|카카오톡|네이버|페이스북|인스타그램|유튜브|텔레그램).{0,20}(?:추가|구독|팔로우|친구)",
        r"팔로우(?:하기|하세요|해)|앱(?:을)?\s?(?:다운로드|다운|설치)|후원(?:하기|하세요|해\s?주세요|회원|금)",
        r"무료\s?(?:체험|구독)|(?:계속|전문을?|더) (?:읽으|보)시?려면",
    ),
    "zh": (
        r"(?:立即|马上|馬上|免费|免費|点击|點擊|欢迎|歡迎|请|請)(?:订阅|訂閱|注册|註冊|关注|關注|下载|下載|登录|登入|加入|成为"
        r"|成為|捐款|赞助|贊助)",
        r"(?:订阅|訂閱)(?:我们|我們|本报|本刊|电子报|電子報|会员|會員|频道|頻道|后|後|即可)",
        r"(?:订阅|訂閱|付费|付費|会员|會員|訂戶)(?:专享|專享|专属|專屬|限定|可读|可讀|阅读|閱讀)",
        r"(?:关注|關注|追蹤|追踪)(?:我们|我們|微信|公众号|微博|官方)",
        r"(?:扫描|掃描|扫一扫|掃一掃|扫码|扫描下方|長按|长按).{0,10}(?:二维码|二維碼|关注|下载|QR)|下载.{0,8}(?:客户端|app)",
        r"下載.{0,8}app|(?:剩余|剩餘|余下|餘下).{0,8}(?:内容|全文|字).{0,12}(?:订阅|付费|会员|登录|訂閱|付費)",
        r"(?:阅读|閱讀|查看|解锁|解鎖)(?:全文|更多).{0,12}(?:订阅|訂閱|登录|登入|会员|會員|付费|付費|注册|註冊)",
        r"已(?:经|經)?(?:是|有)(?:订阅|訂閱|会员|會員|账|帳)|(?:支持|贊助|赞助|捐助)(?:我们|我們|独立媒体|獨立媒體|新闻自由)",
        r"(?:电子报|電子報|通讯).{0,8}(?:订阅|訂閱)|加入.{0,8}(?:会员|會員|line好友|粉絲)",
    ),
    "th": (r"สมัคร(?:สมาชิก|รับข่าว|รับจดหมาย)|ติดตาม(?:เรา|ข่าวสาร|ได้ที่)|กดติดตาม|ดาวน์โหลดแอป|เข้าสู่ระบบเพื่อ|สนับสนุนเรา",),
}

#: The whole of a line: headings, buttons and field labels that mean this and nothing else.
WHOLE = (
    r"subscribe|subscribe now|subscriptions?|sign ?up|sign me up|join now|join us|register|register now|register for free",
    r"free trial|start free trial|try now|get (?:started|access|the app|our newsletter|updates|notified|the newsletter)",
    r"newsletter(?:s| sign-?up)?|(?:our|daily|weekly|free) newsletters?",
    r"stay (?:informed|in touch|connected|updated|up to date|in the know|in the loop)|follow(?: us| me| along)?",
    r"connect with us|find us on|donate(?: now| today| here)?|support us|become a (?:member|subscriber|patron)|give now",
    r"make a donation|contribute|download (?:our |the )?app|get (?:the|our) app|your e-?mail(?: address)?",
    r"e-?mail(?: address)?|enter (?:your )?e-?mail(?: address)?|no,? thanks|maybe later|unlock (?:this )?article",
    r"subscribe (?:&|and) save|gift this article|log in to read|paid content|premium content|subscriber exclusive",
    r"(?:jetzt )?abonnieren|jetzt anmelden|abo (?:abschließen|bestellen|testen)|newsletter (?:abonnieren|bestellen)",
    r"jetzt (?:testen|lesen|spenden|registrieren|bestellen)|folgen sie uns|folge uns|registrieren|spenden",
    r"ihre e-mail-adresse|e-mail-adresse|zum abo|zum angebot|zu den abos|s'abonner|s'inscrire|je m'abonne|je m'inscris",
    r"abonnez-vous|suivez-nous|faire un don|abonnés?|réservé aux abonnés|votre e-?mail|adresse e-?mail|nos newsletters",
    r"voir les offres|découvrir (?:l'offre|nos offres)|suscríbete|suscribirse|suscribirme|registrarse|síguenos|hazte socio",
    r"dona(?:r)?(?: ahora)?|boletín|boletines|abbonati|iscriviti|seguici|dona ora|registrati|assine(?: já| agora)?",
    r"inscreva-se|siga-nos|assinar|cadastre-se|subscrever|abonneren|aanmelden|inschrijven|abonneer(?: nu| je)?|word lid",
    r"doneer(?: nu)?|nieuwsbrief|zapisz się|subskrybuj|zarejestruj się|prenumerera|bli medlem|bli prenumerant|nyhetsbrev",
    r"nyhedsbrev|tilmeld|bliv medlem|abonnér|tilaa|uutiskirje|abone ol|bize katılın|bülten|подписаться",
    r"подписаться на .{1,30}|подписка|оформить подписку|подпишитесь|підписатися|購読する|登録する|無料登録|会員登録",
    r"メルマガ登録|フォローする|구독|구독하기|구독신청|팔로우|후원하기|订阅|立即订阅|訂閱|立即訂閱|免费注册|关注我们",
    r"追蹤我們|اشترك|اشترك الآن|تابعنا",
)


def _written_out(expression: str) -> str:
    return expression.replace(" ", r"\s").replace("'", "['’]")


def _compile() -> re.Pattern[str]:
    spaced = "|".join(expression for table in SPACED.values() for expression in table)
    unspaced = "|".join(expression for table in UNSPACED.values() for expression in table)
    return re.compile(
        _written_out(rf"\b(?:{spaced})|{unspaced}|\A[\W_]*(?:{'|'.join(WHOLE)})[\W_]*\Z"),
        re.IGNORECASE,
    )


#: Strikes a line that is a promo, by any of the lists.
REGEX: re.Pattern[str] = _compile()


def regex_scores(texts: Sequence[str]) -> NDArray[np.float64]:
    """1.0 for each text that `REGEX` strikes and that has fewer than `LONGEST_PROMO` characters, else 0.0.

    Returns
    -------
    array of shape (n_texts,)
    """
    known: dict[str, float] = {}  # pages repeat their furniture: each text is searched once
    for text in texts:
        if text not in known:
            known[text] = float(len(text) < LONGEST_PROMO and REGEX.search(text) is not None)
    return np.array([known[text] for text in texts], dtype=np.float64)


class TfidfBaseline:
    """TF-IDF of character n-grams (2-4, within words) of a block's text, and logistic regression.

    Equal texts with an equal label are fitted as one row with their summed weight, so that the document frequencies count
    distinct texts.

    Parameters
    ----------
    C : float
        Inverse strength of the regularisation, as in scikit-learn.

    Attributes
    ----------
    idf_ : TfidfTransformer
    regression_ : LogisticRegression
    """

    def __init__(self, C: float = 10.0) -> None:
        self.C = C

    def fit(self, texts: Sequence[str], is_promo: ArrayLike, sample_weight: ArrayLike | None = None) -> TfidfBaseline:
        """Fit on blocks.

        Parameters
        ----------
        texts : sequence of str, length n_texts
        is_promo : array of bool, shape (n_texts,)
        sample_weight : array of float, shape (n_texts,), optional
        """
        labels = np.asarray(is_promo, dtype=bool).tolist()
        weights = np.ones(len(texts)).tolist() if sample_weight is None else np.asarray(sample_weight, dtype=float).tolist()
        rows: dict[tuple[str, bool], float] = {}
        for text, label, weight in zip(texts, labels, weights, strict=True):
            key = (text[:READ_CHARACTERS], label)
            rows[key] = rows.get(key, 0.0) + weight
        counts = self._count([text for text, _ in rows])
        self.idf_ = TfidfTransformer(sublinear_tf=True).fit(counts)
        self.regression_ = LogisticRegression(C=self.C, solver="liblinear")
        # The counts are not needed again: in place, or the table would stand twice in memory.
        table = self.idf_.transform(counts, copy=False)
        self.regression_.fit(table, np.array([label for _, label in rows]), sample_weight=np.array(list(rows.values())))
        return self

    def decision_function(self, texts: Sequence[str]) -> NDArray[np.float64]:
        """The log odds of promo.

        Returns
        -------
        array of shape (n_texts,)
        """
        table = self.idf_.transform(self._count([text[:READ_CHARACTERS] for text in texts]), copy=False)
        return np.asarray(self.regression_.decision_function(table), dtype=np.float64)

    @staticmethod
    def _count(texts: Sequence[str]) -> Any:
        vectorizer = HashingVectorizer(
            analyzer="char_wb",
            ngram_range=(2, 4),
            n_features=HASHED_FEATURES,
            alternate_sign=False,
            norm=None,
            dtype=np.float32,
        )
        return vectorizer.transform(texts)
