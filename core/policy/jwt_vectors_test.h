#ifndef POLICY_JWT_VECTORS_TEST_H
#define POLICY_JWT_VECTORS_TEST_H

/* Whole tokens of an independent implementation, and the keys they are of. */
static const char jwt_keys[] =
    "{\"keys\":[{\"kty\":\"RSA\",\"kid\":\"r2048\",\"n\":\"qnJQgOlx0M9x4KlcUxjzB8tUsoJwmr9"
    "_7BWQJlbcd2sLdXLwTVHUhtN6Vg7F7QGZTimpj37L_zUIr1a79eHZ7wBeq4pcJwHP6lAsfb9"
    "vnJoFiKYaC6cPf1sq_smfv5NCN63OdbJD1AIzHy-JInw-qnXypyCSj7mL1JGGnEQ9GjNc3Zd"
    "ICzU4HS3qoJ7Ezbl36nSmRUF7ni20jNOSyRRIkJc-hGWCVq5-qOswOIdSKYiFIoY4Jm0divV"
    "dTFbHIYZ9Vm-tQCk8OjBtRl6kuKpcNlaUNAx_EcrlCbnaiB-h9ma-T5wXm2AvwIuYXiuPrw5"
    "iqGHNsBstuf89ljI25umjbQ\",\"e\":\"AQAB\"},{\"kty\":\"EC\",\"kid\":\"p256\",\"crv\":\"P-2"
    "56\",\"x\":\"lfMI9MZrznx4QtcHOySVyoQflvx6gZCLfhtrssKOPi0\",\"y\":\"ivOO6QcyF4e5E"
    "Sw36zJ4tuqun4S0_rOP0_1oUK67D_4\"},{\"kty\":\"EC\",\"kid\":\"p384\",\"crv\":\"P-384\","
    "\"x\":\"uNmVbBhUJdT_dkQQyb_pRUWYxjpJjow3eci_M7yrZ4BBL_qVqYcyli0p3z2OWAZ0\",\""
    "y\":\"2LJGBMyVC8Z8Mn5-qlzhW2kveBJAfjA1Yl7YXKzPyQH9JaNjj-qZ7Vyn3DeEwEw5\"}]}";
static const char *const jwt_tokens[] = {
	"eyJhbGciOiJSUzI1NiIsImtpZCI6InIyMDQ4IiwidHlwIjoiSldUIn0.eyJpc3MiOiJodHRw"
	"czovL2lzc3Vlci5leGFtcGxlIiwic3ViIjoiYWxpY2UiLCJhdWQiOlsib3JkZXJzIiwid2Vi"
	"Il0sImF6cCI6ImNsaSIsImV4cCI6MTc5NTIzMDAwMCwibmJmIjoxNzk1MjIwMDAwLCJpYXQi"
	"OjE3OTUyMjAwMDAsImdyb3VwcyI6WyJhZG1pbiIsIm9wcyJdLCJyZWFsbSI6eyJyb2xlIjoi"
	"YSJ9fQ.awKurt_Ja0qAQd6PLyiGFy97RvXEQE21MarDIxNzXvN7zpP77uspnatn4qG3FpinZ"
	"LH4EA0K3Q1YgAyGl-Y58f7wvqn-oUQgwp4qk9qt3LfSZgyOgYTvKFUvcIL__0mHvAANX0h24"
	"fBwTkmx4YYRkoV9yZ0JvYCc77t9dqw05VBh0OLK6nV8Mp1f-LfK0sOUXKInNqIIKIMffx-xw"
	"Tlk8sE38yU_Im9Rn9Nz0cG5NAH9upSsaYt-dUQOGDHgffB59_sd4fgKBWGe56pzX1UcE54kD"
	"kXjsCupG65NnFLMdl-wJnZ7JGTZt8aaRWiEbS9NzV84WfRue49sCy1Y3MJAlQ",
	"eyJhbGciOiJSUzM4NCIsImtpZCI6InIyMDQ4IiwidHlwIjoiSldUIn0.eyJpc3MiOiJodHRw"
	"czovL2lzc3Vlci5leGFtcGxlIiwic3ViIjoiYWxpY2UiLCJhdWQiOlsib3JkZXJzIiwid2Vi"
	"Il0sImF6cCI6ImNsaSIsImV4cCI6MTc5NTIzMDAwMCwibmJmIjoxNzk1MjIwMDAwLCJpYXQi"
	"OjE3OTUyMjAwMDAsImdyb3VwcyI6WyJhZG1pbiIsIm9wcyJdLCJyZWFsbSI6eyJyb2xlIjoi"
	"YSJ9fQ.SYJHPEv4gu7u2DaSNSAG7ndKispCsomdCWUFt2fSFnTFH_NW-OP9wA_P7tD2JlxtQ"
	"70Zt7cpT2QA3WKD2TgMKQG9PQeJ0NsJRiboHg3jnUnJiDjusY1ryJAIbwcJHVR-9FmipDZ4q"
	"ke9nhxvZymdqHH9qjpmU_z3Yv4rPDto__K_9_Oo6AsVoY8iDpHhziUY_RZ0nLmrgMu6AJhsA"
	"3ul4OLw-xKRkGy5lLvRoZgnAYZMv808oT4B3KcF3YXGCethr3XT4aZjOlQBeQiaO1bneC5fw"
	"Dunetbjgn9tdJKslRCfbyeCW4rgfRDzEihTi9zUDKhHUzae7dSBMxi3oQJwOQ",
	"eyJhbGciOiJSUzUxMiIsImtpZCI6InIyMDQ4IiwidHlwIjoiSldUIn0.eyJpc3MiOiJodHRw"
	"czovL2lzc3Vlci5leGFtcGxlIiwic3ViIjoiYWxpY2UiLCJhdWQiOlsib3JkZXJzIiwid2Vi"
	"Il0sImF6cCI6ImNsaSIsImV4cCI6MTc5NTIzMDAwMCwibmJmIjoxNzk1MjIwMDAwLCJpYXQi"
	"OjE3OTUyMjAwMDAsImdyb3VwcyI6WyJhZG1pbiIsIm9wcyJdLCJyZWFsbSI6eyJyb2xlIjoi"
	"YSJ9fQ.dHT_2E-iPGUCcQfGziVEUSEp3UM7GiOnyKgqNI4kED35FvzfcWAoQxH_9SRb07_Eu"
	"SVVSpU7SEPVR-hYD1ZfdrhT5txOIyh1LfTkPiIZdwWqZMh_Py0RntzfeqLj4SgBbP_oSBZq7"
	"1FEnh7bBs7O77Ago3Ifh-l4imoggnOkmOyjhwBUgeVs4o9t4MvHCKSwmDEGLeL1X_eoQKhSa"
	"fSpVHn8ZPlZbdFjpWMZ5MDIoY9SN9gjw-L19f5pVa9x5kP1UNfmkvRlJ9jNKRoVuUYkeN6Kc"
	"vfRSTNaNILpLbkMcPcJymNl1Tg1236B93I6c_gd3Heznw6GfR97EjKaETrhdA",
	"eyJhbGciOiJQUzI1NiIsImtpZCI6InIyMDQ4IiwidHlwIjoiSldUIn0.eyJpc3MiOiJodHRw"
	"czovL2lzc3Vlci5leGFtcGxlIiwic3ViIjoiYWxpY2UiLCJhdWQiOlsib3JkZXJzIiwid2Vi"
	"Il0sImF6cCI6ImNsaSIsImV4cCI6MTc5NTIzMDAwMCwibmJmIjoxNzk1MjIwMDAwLCJpYXQi"
	"OjE3OTUyMjAwMDAsImdyb3VwcyI6WyJhZG1pbiIsIm9wcyJdLCJyZWFsbSI6eyJyb2xlIjoi"
	"YSJ9fQ.HPJfo7jo0S66xPs5vY5AmoMdJuzVSSPHKTRZm7ekHXuv_BA4HGZC9U4IU8VL6Ae4T"
	"WeYYTM3-hPi41wKyCEw6ejraaST0jx9uqAz9KiwVU2BRMXrmeKGPHIrkgm0txAmgTJ006E1Q"
	"JZjORKBTqmXA-6QRwkfz3ijhaCSoojIfg00ZmX_UauHpiSBaSKxE4dEpoesPbU6ruLGs58kk"
	"JJICLIKxLeDoZcbWX3TRb4EQEQrmrEiiGF5aGqbu1xfAZsh1jwTKaI9XDOjVnA7un2fW1zz_"
	"jUO5DcTtpwhUi-6GIHfHTh3VOdrYER6OX1Km_ANf8H8BNMo2HLjGT4dn5F_Qw",
	"eyJhbGciOiJFUzI1NiIsImtpZCI6InAyNTYiLCJ0eXAiOiJKV1QifQ.eyJpc3MiOiJodHRwc"
	"zovL2lzc3Vlci5leGFtcGxlIiwic3ViIjoiYWxpY2UiLCJhdWQiOlsib3JkZXJzIiwid2ViI"
	"l0sImF6cCI6ImNsaSIsImV4cCI6MTc5NTIzMDAwMCwibmJmIjoxNzk1MjIwMDAwLCJpYXQiO"
	"jE3OTUyMjAwMDAsImdyb3VwcyI6WyJhZG1pbiIsIm9wcyJdLCJyZWFsbSI6eyJyb2xlIjoiY"
	"SJ9fQ.it5ekETvgwhKLKNeON1u7Rmio0CEkGYufI1hgo8JDn12rOT2dtSCdGL2dkrNlIEoAH"
	"fbrqLK8EASAi9_0kGUTQ",
	"eyJhbGciOiJFUzM4NCIsImtpZCI6InAzODQiLCJ0eXAiOiJKV1QifQ.eyJpc3MiOiJodHRwc"
	"zovL2lzc3Vlci5leGFtcGxlIiwic3ViIjoiYWxpY2UiLCJhdWQiOlsib3JkZXJzIiwid2ViI"
	"l0sImF6cCI6ImNsaSIsImV4cCI6MTc5NTIzMDAwMCwibmJmIjoxNzk1MjIwMDAwLCJpYXQiO"
	"jE3OTUyMjAwMDAsImdyb3VwcyI6WyJhZG1pbiIsIm9wcyJdLCJyZWFsbSI6eyJyb2xlIjoiY"
	"SJ9fQ.4YHmOMR9Pk0xrSiRfTHOJAF5ZP5OOZGszvE5C2WFdHee3zV1-WM4EbBkvTWDxDPEeS"
	"gkZbggU69Gz48vD-bpOMSQP2k8BV4G6W1gTFb-eXtM3QXs4IkWJx0tpfq745i_",
};

#endif
